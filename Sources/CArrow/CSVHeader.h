#pragma once
// What the first lines of a CSV file tell.

#include "CSVTokens.h"

#include <cstdint>
#include <string>
#include <vector>

namespace casparian::csv {

/// The delimiter that splits the first records into equally many fields, the most of them.
char find_delimiter(const char *bytes, int64_t size, Dialect dialect);

/// Names for columns: empty ones become `column_N`, repeated ones get `_1`, `_2`, ... that no other has.
std::vector<std::string> unique_names(const std::vector<std::string> &raw);

}  // namespace casparian::csv
