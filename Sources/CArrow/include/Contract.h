#ifndef CASPARIAN_CONTRACT_H
#define CASPARIAN_CONTRACT_H

// What a batch's columns must be, and the rows that are not.

#include "CArrow.h"

#ifdef __cplusplus
extern "C" {
#endif

/// What happens with columns that a contract does not name.
enum ca_extra {
    CA_EXTRA_KEEP = 0,
    CA_EXTRA_DROP = 1,
    CA_EXTRA_ERROR = 2,
};

/// What a column's values have to be beside of its type; texts are UTF-8.
typedef struct ca_contract_rules {
    /// All that there may be, as texts that fit the type; none: anything.
    const char *const *values;
    int64_t value_count;
    /// Bounds, as texts that fit the type; NULL: none. For numbers, dates and times.
    const char *minimum;
    const char *maximum;
    /// Characters of texts, bytes of bytes; negative: any number.
    int64_t length_min;
    int64_t length_max;
} ca_contract_rules;

/// One column of a contract; texts are UTF-8.
typedef struct ca_contract_column {
    const char *name;
    /// any, bool, int8 ... int64, uint8 ... uint64, float32, float64, decimal(P, S), string, binary, json, date,
    /// time[UNIT], timestamp[UNIT], timestamp[UNIT, ZONE]; UNIT is s, ms, us or ns.
    const char *type;
    /// How dates and times are written in texts and integers (docs/sinks.md); NULL: ISO 8601, texts only.
    const char *format;
    bool is_nullable;
    ca_contract_rules rules;
} ca_contract_column;

typedef struct ca_contract ca_contract;

ca_contract *ca_contract_create(
    const ca_contract_column *columns, int64_t count, int32_t extra, ca_error *error);
void ca_contract_release(ca_contract *contract);
/// Sorts a batch's rows. `accepted` gets those that fit: the contract's columns in its order and types, then the
/// others. `rejected` gets the rest, NULL if there are none, one row each: `row_number` (int64; `first_row` is the
/// batch's first), `column` and `reason` (text, of the first column that does not fit), `raw` (text of its cell),
/// `record` (text: the whole row as a JSON object), `code` (text: `type`, `null`, `missing`, `value`, `range` or
/// `length`). A contract may be used by many threads at once.
bool ca_batch_apply_contract(
    const ca_batch *batch, const ca_contract *contract, int64_t first_row, ca_batch **accepted, ca_batch **rejected,
    ca_error *error);

#ifdef __cplusplus
}
#endif
#endif
