#include "JSONValue.h"

#include <arrow/util/utf8.h>

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "CSVTypes.h"
#include "Support.h"

namespace casparian::json {

namespace {

constexpr size_t kKeysLookedThrough = 32;

[[noreturn]] void reject(const std::string &reason) { throw Failure(CA_MALFORMED, reason); }

class Parser {
   public:
    explicit Parser(std::string_view text) : text_(text) {}

    Value whole() {
        Value value = any(0);
        skip();
        if (at_ != text_.size()) reject("text follows the JSON value");
        return value;
    }

   private:
    void skip() {
        while (at_ < text_.size() && std::strchr(" \t\r\n", text_[at_]) != nullptr && text_[at_] != 0) ++at_;
    }
    char peek() const { return at_ < text_.size() ? text_[at_] : 0; }
    void expect(char c) {
        if (peek() != c) reject(std::string("expected '") + c + "' " + place());
        ++at_;
    }
    std::string place() const {
        if (at_ >= text_.size()) return "before the record ends";
        return "at '" + std::string(text_.substr(at_, 20)) + "'";
    }
    void word(const char *expected) {
        const size_t length = std::strlen(expected);
        if (text_.substr(at_, length) != expected) reject("not a JSON value " + place());
        at_ += length;
    }

    Value any(int depth) {
        if (depth > kDepthMax) reject("nested deeper than " + std::to_string(kDepthMax) + " levels");
        skip();
        Value value;
        switch (peek()) {
            case '{': object(value, depth); break;
            case '[': array(value, depth); break;
            case '"':
                value.kind = Value::Kind::text;
                value.raw = string(value.escaped);
                break;
            case 't': word("true"); value.kind = Value::Kind::boolean; value.flag = true; value.raw = "true"; break;
            case 'f': word("false"); value.kind = Value::Kind::boolean; value.raw = "false"; break;
            case 'n': word("null"); break;
            default: number(value);
        }
        return value;
    }

    void object(Value &value, int depth) {
        const size_t start = at_++;
        value.kind = Value::Kind::object;
        std::unordered_set<std::string> many;  // the same keys, once they are too many to look through
        skip();
        if (peek() == '}') ++at_;
        else while (true) {
            skip();
            if (peek() != '"') reject("expected a key " + place());
            bool escaped = false;
            const auto raw = string(escaped);
            std::string key = escaped ? unescape(raw) : std::string(raw);
            if (value.keys.size() == kKeysLookedThrough) many.insert(value.keys.begin(), value.keys.end());
            const bool is_new = value.keys.size() < kKeysLookedThrough
                ? std::find(value.keys.begin(), value.keys.end(), key) == value.keys.end()
                : many.insert(key).second;
            if (!is_new) reject("key '" + key + "' stands twice in one object");
            value.keys.push_back(std::move(key));
            skip();
            expect(':');
            value.items.push_back(any(depth + 1));
            skip();
            if (peek() == ',') { ++at_; continue; }
            expect('}');
            break;
        }
        value.raw = text_.substr(start, at_ - start);
    }

    void array(Value &value, int depth) {
        const size_t start = at_++;
        value.kind = Value::Kind::array;
        skip();
        if (peek() == ']') ++at_;
        else while (true) {
            value.items.push_back(any(depth + 1));
            skip();
            if (peek() == ',') { ++at_; continue; }
            expect(']');
            break;
        }
        value.raw = text_.substr(start, at_ - start);
    }

    std::string_view string(bool &escaped) {
        const size_t start = ++at_;
        while (true) {
            if (at_ >= text_.size()) reject("a string is opened and never closed");
            const char c = text_[at_];
            if (c == '"') break;
            if (static_cast<unsigned char>(c) < 0x20) reject("a control character stands unescaped in a string");
            if (c == '\\') {
                escaped = true;
                ++at_;
            }
            ++at_;
        }
        return text_.substr(start, at_++ - start);
    }

    void number(Value &value) {
        const size_t start = at_;
        if (peek() == '-') ++at_;
        const size_t first = at_;
        while (peek() >= '0' && peek() <= '9') ++at_;
        if (at_ == first || (text_[first] == '0' && at_ - first > 1)) {
            at_ = start;
            reject("not a JSON value " + place());
        }
        bool integer = true;
        if (peek() == '.') {
            integer = false;
            const size_t fraction = ++at_;
            while (peek() >= '0' && peek() <= '9') ++at_;
            if (at_ == fraction) reject("digits must follow the point " + place());
        }
        if (peek() == 'e' || peek() == 'E') {
            integer = false;
            ++at_;
            if (peek() == '+' || peek() == '-') ++at_;
            const size_t exponent = at_;
            while (peek() >= '0' && peek() <= '9') ++at_;
            if (at_ == exponent) reject("digits must follow the exponent " + place());
        }
        value.raw = text_.substr(start, at_ - start);
        int64_t whole;
        double real;
        bool is_word;
        if (integer && csv::parse_int64(value.raw, whole)) {
            value.kind = Value::Kind::integer;
            value.wide = !csv::fits_double(whole);
        } else {
            value.kind = Value::Kind::number;
            value.inexact = (integer && value.raw != "-0") || !csv::parse_double(value.raw, real, is_word);
        }
    }

    std::string_view text_;
    size_t at_ = 0;
};

void append_utf8(std::string &out, uint32_t code) {
    if (code < 0x80) {
        out.push_back(static_cast<char>(code));
    } else if (code < 0x800) {
        out.push_back(static_cast<char>(0xc0 | (code >> 6)));
        out.push_back(static_cast<char>(0x80 | (code & 0x3f)));
    } else if (code < 0x10000) {
        out.push_back(static_cast<char>(0xe0 | (code >> 12)));
        out.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3f)));
        out.push_back(static_cast<char>(0x80 | (code & 0x3f)));
    } else {
        out.push_back(static_cast<char>(0xf0 | (code >> 18)));
        out.push_back(static_cast<char>(0x80 | ((code >> 12) & 0x3f)));
        out.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3f)));
        out.push_back(static_cast<char>(0x80 | (code & 0x3f)));
    }
}

uint32_t hex4(std::string_view raw, size_t at) {
    if (at + 4 > raw.size()) reject("\\u needs four hex digits");
    uint32_t code = 0;
    for (size_t i = at; i < at + 4; ++i) {
        const char c = raw[i];
        code <<= 4;
        if (c >= '0' && c <= '9') code |= c - '0';
        else if (c >= 'a' && c <= 'f') code |= c - 'a' + 10;
        else if (c >= 'A' && c <= 'F') code |= c - 'A' + 10;
        else reject("\\u needs four hex digits");
    }
    return code;
}

}  // namespace

Value parse(std::string_view text) { return Parser(text).whole(); }

std::string unescape(std::string_view raw) {
    std::string out;
    out.reserve(raw.size());
    for (size_t i = 0; i < raw.size(); ++i) {
        if (raw[i] != '\\') {
            out.push_back(raw[i]);
            continue;
        }
        switch (raw[++i]) {
            case '"': out.push_back('"'); break;
            case '\\': out.push_back('\\'); break;
            case '/': out.push_back('/'); break;
            case 'b': out.push_back('\b'); break;
            case 'f': out.push_back('\f'); break;
            case 'n': out.push_back('\n'); break;
            case 'r': out.push_back('\r'); break;
            case 't': out.push_back('\t'); break;
            case 'u': {
                uint32_t code = hex4(raw, i + 1);
                i += 4;
                if (code >= 0xd800 && code < 0xdc00 && i + 6 < raw.size() + 0 && raw[i + 1] == '\\' && raw[i + 2] == 'u') {
                    const uint32_t low = hex4(raw, i + 3);
                    if (low >= 0xdc00 && low < 0xe000) {
                        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                        i += 6;
                    }
                }
                if (code >= 0xd800 && code < 0xe000) reject("half of a surrogate pair stands alone");
                append_utf8(out, code);
                break;
            }
            default: reject(std::string("unknown escape \\") + raw[i]);
        }
    }
    return out;
}

}  // namespace casparian::json
