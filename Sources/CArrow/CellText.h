#pragma once
#include <arrow/api.h>

#include <string>
#include <string_view>

namespace casparian {

/// A cell for people: lists, structs and maps as JSON, the rest as Arrow writes it.
std::string cell_text(const arrow::Scalar &value);

/// Any cell as JSON (RFC 8259): numbers and booleans as they are; nan, inf, decimals, times and texts as strings,
/// bytes as a string of hexadecimal digits, maps as lists of `key` and `value`.
std::string json_text(const arrow::Scalar &value);

/// Bytes as a text that any reader takes for one: what is not UTF-8 is hexadecimal digits.
std::string readable_text(std::string_view bytes);

}  // namespace casparian
