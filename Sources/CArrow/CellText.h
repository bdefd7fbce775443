#pragma once
#include <arrow/api.h>

#include <string>

namespace casparian {

/// A cell for people: lists, structs and maps as JSON, the rest as Arrow writes it.
std::string cell_text(const arrow::Scalar &value);

/// Any cell as JSON (RFC 8259): numbers and booleans as they are; nan, inf, decimals, times and texts as strings,
/// bytes as a string of hexadecimal digits, maps as lists of `key` and `value`.
std::string json_text(const arrow::Scalar &value);

}  // namespace casparian
