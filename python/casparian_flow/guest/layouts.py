"""Arrow types in the layouts that every reader of Arrow knows."""

from __future__ import annotations

import pyarrow as pa

#: A larger dictionary is written out as plain values.
DICTIONARY_BYTES_MAX = 1024 * 1024


def plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Texts and bytes without views; and no large dictionaries, as each chunk would repeat them."""
    batch = _cast(batch, [plain_type(field.type) for field in batch.schema])
    kinds = []
    for column in batch.columns:
        is_large = pa.types.is_dictionary(column.type) and column.dictionary.nbytes > DICTIONARY_BYTES_MAX
        kinds.append(column.type.value_type if is_large else column.type)
    return _cast(batch, kinds)


def _cast(batch: pa.RecordBatch, kinds: list) -> pa.RecordBatch:
    if all(new == field.type for new, field in zip(kinds, batch.schema)):
        return batch
    fields = [field.with_type(new) for field, new in zip(batch.schema, kinds)]
    return batch.cast(pa.schema(fields, metadata=batch.schema.metadata))


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The same type with `string_view` and `binary_view` replaced, however deep they lie."""
    if "_view" not in str(kind):
        return kind
    if kind == pa.string_view():
        return pa.large_string()
    if kind == pa.binary_view():
        return pa.large_binary()
    types = pa.types
    if types.is_dictionary(kind):
        return pa.dictionary(kind.index_type, plain_type(kind.value_type), kind.ordered)
    if types.is_fixed_size_list(kind):
        return pa.list_(_plain_field(kind.value_field), kind.list_size)
    if types.is_list(kind):
        return pa.list_(_plain_field(kind.value_field))
    if types.is_large_list(kind):
        return pa.large_list(_plain_field(kind.value_field))
    if types.is_map(kind):
        return pa.map_(_plain_field(kind.key_field), _plain_field(kind.item_field), kind.keys_sorted)
    if types.is_struct(kind):
        return pa.struct([_plain_field(kind.field(index)) for index in range(kind.num_fields)])
    return kind


def _plain_field(field: pa.Field) -> pa.Field:
    return field.with_type(plain_type(field.type))
