// From JSON values to Arrow columns.

#include "CSVTypes.h"
#include "JSONValue.h"
#include "Support.h"

namespace casparian::json {

void Shape::see(const Value &value) {
    if (kind == Kind::mixed || value.kind == Value::Kind::null) return;
    Kind other = Kind::null;
    switch (value.kind) {
        case Value::Kind::null: return;
        case Value::Kind::boolean: other = Kind::boolean; break;
        case Value::Kind::integer: other = Kind::integer; break;
        case Value::Kind::number: other = value.inexact ? Kind::mixed : Kind::number; break;
        case Value::Kind::text: other = Kind::text; break;
        case Value::Kind::array: other = Kind::list; break;
        case Value::Kind::object: other = value.items.empty() ? Kind::null : Kind::record; break;
    }
    wide |= value.wide;
    const auto numeric = [](Kind k) { return k == Kind::integer || k == Kind::number; };
    if (value.kind == Value::Kind::object && value.items.empty()) {
        // {} fits beside records; among anything else it is text.
        if (kind != Kind::null && kind != Kind::record) kind = Kind::mixed;
        if (kind == Kind::null) kind = Kind::record;
        return;
    }
    if (kind == Kind::null) kind = other;
    else if (kind != other) kind = numeric(kind) && numeric(other) ? Kind::number : Kind::mixed;
    if (kind == Kind::number && wide) kind = Kind::mixed;
    if (kind == Kind::list) {
        if (parts.empty()) parts.emplace_back();
        for (const Value &item : value.items) parts[0].see(item);
    } else if (kind == Kind::record) {
        for (size_t i = 0; i < value.keys.size(); ++i) {
            int64_t index = place(value.keys[i], i);
            if (index < 0) {
                index = static_cast<int64_t>(names.size());
                places.emplace(value.keys[i], names.size());
                names.push_back(value.keys[i]);
                parts.emplace_back();
            }
            parts[index].see(value.items[i]);
        }
    }
}

int64_t Shape::place(const std::string &name, size_t expected) const {
    if (expected < names.size() && names[expected] == name) return static_cast<int64_t>(expected);
    const auto found = places.find(name);
    return found == places.end() ? -1 : static_cast<int64_t>(found->second);
}

std::vector<const Value *> Shape::arrange(const Value &record) const {
    std::vector<const Value *> values(names.size(), nullptr);
    for (size_t i = 0; i < record.keys.size(); ++i) {
        const int64_t index = place(record.keys[i], i);
        // The first pass saw every key: another one means that the file changed in between.
        if (index < 0) throw Failure(CA_MALFORMED, "the file changes while it is read; try again");
        values[index] = &record.items[i];
    }
    return values;
}

std::shared_ptr<arrow::DataType> Shape::type() const {
    switch (kind) {
        case Kind::boolean: return arrow::boolean();
        case Kind::integer: return arrow::int64();
        case Kind::number: return arrow::float64();
        case Kind::list: return arrow::list(parts.empty() ? arrow::utf8() : parts[0].type());
        case Kind::record: {
            if (names.empty()) return arrow::utf8();  // Parquet has no empty structs
            arrow::FieldVector fields;
            for (size_t i = 0; i < names.size(); ++i) fields.push_back(arrow::field(names[i], parts[i].type()));
            return arrow::struct_(std::move(fields));
        }
        case Kind::null:
        case Kind::text:
        case Kind::mixed: return arrow::utf8();
    }
    return arrow::utf8();
}

ColumnBuilder::ColumnBuilder(const Shape &shape) : shape_(shape) { builder_ = take(arrow::MakeBuilder(shape.type(), memory())); }

void ColumnBuilder::append(const Value *value) { append_to(*builder_, shape_, value); }

std::shared_ptr<arrow::Array> ColumnBuilder::finish() {
    std::shared_ptr<arrow::Array> array;
    check(builder_->Finish(&array));
    return array;
}

void ColumnBuilder::append_to(arrow::ArrayBuilder &builder, const Shape &shape, const Value *value) {
    if (value == nullptr || value->kind == Value::Kind::null) {
        check(builder.AppendNull());
        return;
    }
    switch (shape.kind) {
        case Shape::Kind::boolean: check(static_cast<arrow::BooleanBuilder &>(builder).Append(value->flag)); return;
        case Shape::Kind::integer: {
            int64_t number = 0;
            (void)csv::parse_int64(value->raw, number);
            check(static_cast<arrow::Int64Builder &>(builder).Append(number));
            return;
        }
        case Shape::Kind::number: {
            double number = 0;
            int64_t whole;
            bool word;
            if (value->kind == Value::Kind::integer && csv::parse_int64(value->raw, whole)) number = whole;
            else (void)csv::parse_double(value->raw, number, word);
            check(static_cast<arrow::DoubleBuilder &>(builder).Append(number));
            return;
        }
        case Shape::Kind::list: {
            auto &list = static_cast<arrow::ListBuilder &>(builder);
            check(list.Append());
            static const Shape kNothing;
            const Shape &part = shape.parts.empty() ? kNothing : shape.parts[0];
            for (const Value &item : value->items) append_to(*list.value_builder(), part, &item);
            return;
        }
        case Shape::Kind::record: {
            if (shape.names.empty()) break;
            auto &record = static_cast<arrow::StructBuilder &>(builder);
            check(record.Append());
            const auto items = shape.arrange(*value);
            for (size_t i = 0; i < items.size(); ++i) {
                append_to(*record.field_builder(static_cast<int>(i)), shape.parts[i], items[i]);
            }
            return;
        }
        case Shape::Kind::null:
        case Shape::Kind::text:
        case Shape::Kind::mixed: break;
    }
    auto &text = static_cast<arrow::StringBuilder &>(builder);
    if (value->kind == Value::Kind::text && value->escaped) check(text.Append(unescape(value->raw)));
    else check(text.Append(value->raw));
}

}  // namespace casparian::json
