#pragma once
#include <cstdint>
#include <string_view>

namespace casparian {

/// UTF-16 to UTF-8, in pieces of any length.
class UTF16Decoder {
   public:
    explicit UTF16Decoder(bool big_endian) : big_endian_(big_endian) {}
    /// Writes at most 3 bytes for each 2 (and 4 for a pair) and returns how many. Throws for half a surrogate pair.
    int64_t decode(std::string_view bytes, char *into);
    /// Throws if half a character is left.
    void finish() const;

   private:
    bool big_endian_;
    int odd_byte_ = -1;
    uint32_t high_ = 0;
    int64_t line_ = 1;
};

}  // namespace casparian
