#include "UTF16Decoder.h"

#include "Support.h"

namespace casparian {

namespace {

char *put(char *to, uint32_t code) {
    if (code < 0x80) {
        *to++ = static_cast<char>(code);
    } else if (code < 0x800) {
        *to++ = static_cast<char>(0xc0 | (code >> 6));
        *to++ = static_cast<char>(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *to++ = static_cast<char>(0xe0 | (code >> 12));
        *to++ = static_cast<char>(0x80 | ((code >> 6) & 0x3f));
        *to++ = static_cast<char>(0x80 | (code & 0x3f));
    } else {
        *to++ = static_cast<char>(0xf0 | (code >> 18));
        *to++ = static_cast<char>(0x80 | ((code >> 12) & 0x3f));
        *to++ = static_cast<char>(0x80 | ((code >> 6) & 0x3f));
        *to++ = static_cast<char>(0x80 | (code & 0x3f));
    }
    return to;
}

}  // namespace

int64_t UTF16Decoder::decode(std::string_view bytes, char *into) {
    char *to = into;
    for (const char c : bytes) {
        const int byte = static_cast<unsigned char>(c);
        if (odd_byte_ < 0) {
            odd_byte_ = byte;
            continue;
        }
        const auto unit = static_cast<uint32_t>(big_endian_ ? odd_byte_ << 8 | byte : byte << 8 | odd_byte_);
        odd_byte_ = -1;
        const bool is_high = unit >= 0xd800 && unit < 0xdc00, is_low = unit >= 0xdc00 && unit < 0xe000;
        if (is_low != (high_ != 0)) throw Failure(CA_MALFORMED, "half of a UTF-16 surrogate pair stands alone", line_);
        if (is_high) {
            high_ = unit;
            continue;
        }
        to = put(to, is_low ? 0x10000 + ((high_ - 0xd800) << 10) + (unit - 0xdc00) : unit);
        high_ = 0;
        line_ += unit == '\n';
    }
    return to - into;
}

void UTF16Decoder::finish() const {
    if (odd_byte_ >= 0 || high_ != 0) throw Failure(CA_MALFORMED, "the file ends inside a UTF-16 character", line_);
}

}  // namespace casparian
