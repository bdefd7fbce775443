#include "CSVHeader.h"

#include <set>

#include "CSVTokens.h"

namespace casparian::csv {

namespace {

constexpr int64_t kSampleRecords = 50;

}  // namespace

char find_delimiter(const char *bytes, int64_t size, Dialect dialect) {
    const char candidates[] = {',', ';', '\t', '|'};
    char best = ',';
    int64_t best_columns = 1;
    for (const char candidate : candidates) {
        Tokens tokens;
        int64_t columns = 0;
        dialect.delimiter = candidate;
        const Fault fault = tokenize(bytes, size, dialect, columns, tokens, kSampleRecords);
        if (!fault.found && columns > best_columns) {
            best = candidate;
            best_columns = columns;
        }
    }
    if (best_columns > 1) return best;
    // No candidate fits all of them: the one the first record holds most of.
    for (const char candidate : candidates) {
        Tokens tokens;
        int64_t columns = 0;
        dialect.delimiter = candidate;
        (void)tokenize(bytes, size, dialect, columns, tokens, 1);
        if (columns > best_columns) {
            best = candidate;
            best_columns = columns;
        }
    }
    return best;
}

std::vector<std::string> unique_names(const std::vector<std::string> &raw) {
    std::vector<std::string> names;
    std::set<std::string> all(raw.begin(), raw.end()), used;
    for (size_t i = 0; i < raw.size(); ++i) {
        std::string name = raw[i].empty() ? "column_" + std::to_string(i + 1) : raw[i];
        if (used.count(name)) {
            int number = 1;
            std::string candidate;
            do candidate = name + "_" + std::to_string(number++);
            while (used.count(candidate) || all.count(candidate));
            name = candidate;
        }
        used.insert(name);
        names.push_back(name);
    }
    return names;
}

}  // namespace casparian::csv
