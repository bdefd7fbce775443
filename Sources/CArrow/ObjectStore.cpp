// Files of an object store (S3), through Arrow's file systems.

#include <arrow/filesystem/filesystem.h>
#include <arrow/io/file.h>
#include <dlfcn.h>
#include <parquet/arrow/reader.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "Support.h"

using namespace casparian;

struct ca_store {
    std::shared_ptr<arrow::fs::FileSystem> system;
};

struct ca_upload {
    std::shared_ptr<arrow::io::OutputStream> stream;
};

namespace {

constexpr int64_t kCopyBytes = 8 << 20;

/// Loads Arrow's S3 library, which lies beside libarrow, when it is needed first: it takes 17 MB, and some 20 ms.
void load() {
    static std::once_flag once;
    static arrow::Status status;
    std::call_once(once, [] {
        Dl_info info;
        char path[PATH_MAX];
        const auto *symbol = reinterpret_cast<const void *>(&arrow::fs::LoadFileSystemFactories);
        if (dladdr(symbol, &info) == 0 || realpath(info.dli_fname, path) == nullptr) {
            status = arrow::Status::NotImplemented("libarrow cannot be found");
            return;
        }
        // .../libarrow.so.N has .../libarrow_s3.so.N beside it.
        std::string library = path;
        const size_t name = library.rfind("libarrow.so");
        if (name == std::string::npos) return;  // linked in, or built with it
        library.insert(name + std::strlen("libarrow"), "_s3");
        if (access(library.c_str(), R_OK) != 0) return;  // one library that may have it inside
        status = arrow::fs::LoadFileSystemFactories(library.c_str());
    });
    check(status);
}

/// Threads of the AWS library must have ended before its statics are gone. The first file system makes those, and what
/// is registered after them runs before they go.
void finalize_at_exit() {
    static std::once_flag once;
    std::call_once(once, [] { std::atexit([] { arrow::fs::EnsureFinalized(); }); });
}

arrow::fs::FileInfo info_of(const ca_store &store, const std::string &path) {
    return take(store.system->GetFileInfo(path));
}

}  // namespace

extern "C" {

ca_store *ca_store_open(const char *uri, ca_error *error) {
    return guarded<ca_store *>(error, nullptr, [&] {
        load();
        auto store = std::make_unique<ca_store>(take(arrow::fs::FileSystemFromUri(uri)));
        finalize_at_exit();
        return store.release();
    });
}

void ca_store_release(ca_store *store) { delete store; }

bool ca_store_size(const ca_store *store, const char *path, int64_t *size, ca_error *error) {
    return guarded(error, false, [&] {
        const auto info = info_of(*store, path);
        *size = info.IsFile() ? info.size() : info.IsDirectory() ? 0 : -1;
        return true;
    });
}

bool ca_store_names(const ca_store *store, const char *folder, char **names, ca_error *error) {
    return guarded(error, false, [&] {
        arrow::fs::FileSelector selector;
        selector.base_dir = folder;
        selector.allow_not_found = true;
        std::string text;
        for (const auto &info : take(store->system->GetFileInfo(selector))) {
            if (info.IsFile()) text += info.base_name() + '\x1e';
        }
        *names = strdup(text.c_str());
        if (*names == nullptr) throw std::bad_alloc();
        return true;
    });
}

bool ca_store_footer(const ca_store *store, const char *path, int64_t *rows, char **key_values, ca_error *error) {
    return guarded(error, false, [&] {
        const auto file = take(store->system->OpenInputFile(path));
        parquet::arrow::FileReaderBuilder builder;
        check_read(builder.Open(file, parquet::ReaderProperties(memory())));
        const auto footer = builder.raw_reader()->metadata();
        std::string text;
        if (footer->key_value_metadata()) text = format_pairs(footer->key_value_metadata()->sorted_pairs());
        *key_values = strdup(text.c_str());
        if (*key_values == nullptr) throw std::bad_alloc();
        *rows = footer->num_rows();
        return true;
    });
}

bool ca_store_remove(const ca_store *store, const char *path, ca_error *error) {
    return guarded(error, false, [&] {
        if (info_of(*store, path).IsFile()) check(store->system->DeleteFile(path));
        return true;
    });
}

ca_upload *ca_upload_begin(const ca_store *store, const char *file, const char *path, ca_error *error) {
    return guarded<ca_upload *>(error, nullptr, [&] {
        const auto source = take(arrow::io::ReadableFile::Open(file));
        auto upload = std::make_unique<ca_upload>(take(store->system->OpenOutputStream(path)));
        try {
            for (;;) {
                const auto bytes = take(source->Read(kCopyBytes));
                if (bytes->size() == 0) break;
                check(upload->stream->Write(bytes));
            }
            check(upload->stream->Flush());
        } catch (...) {
            ca_upload_abort(upload.release());
            throw;
        }
        return upload.release();
    });
}

bool ca_upload_complete(ca_upload *upload, ca_error *error) {
    return guarded(error, false, [&] {
        check(upload->stream->Close());
        return true;
    });
}

void ca_upload_abort(ca_upload *upload) {
    (void)guarded<bool>(nullptr, false, [&] {
        std::unique_ptr<ca_upload> owned(upload);
        if (owned->stream->closed()) return true;
        // A part that is on its way when the upload ends is sent again and again.
        (void)owned->stream->Flush();
        (void)owned->stream->Abort();
        return true;
    });
}

}
