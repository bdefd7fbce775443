/// A second opinion on which values fit which types, by Python's exact numbers and dates.
enum ContractOracle {
    /// Makes `<folder>/<source>.arrow` for each kind of column: a batch with `row` and `c`, nasty and random values.
    static let make = """
        import sys, random, decimal, datetime as d, pyarrow as pa, numpy as np
        folder, seed = sys.argv[1], int(sys.argv[2])
        r = random.Random(seed)
        D = decimal.Decimal
        decimal.getcontext().prec = 100
        edges = [0, 1, -1, 127, 128, -128, -129, 255, 256, 32767, 32768, 65535, 65536, 2**24, 2**24 + 1, 2**31 - 1, 2**31,
            -2**31, -2**31 - 1, 2**32 - 1, 2**32, 2**53, 2**53 + 1, -2**53 - 1, 2**60, 2**63 - 1, -2**63, 2**63, 2**64 - 1]
        def ints(bits, signed):
            low, high = (-2**(bits - 1), 2**(bits - 1) - 1) if signed else (0, 2**bits - 1)
            some = [r.randint(low, high) for _ in range(20)] + [r.randint(low, high) >> r.randint(0, bits) for _ in range(60)]
            return [e for e in edges + some if low <= e <= high]
        def floats():
            return [float(e) for e in edges] + [0.1, 0.5, -0.0, 1.25, 9.5, 1e22, 1e23, 5e-324, 2.2250738585072014e-308, 1/3, 9.999,
                float('nan'), float('inf'), float('-inf'), 1e300, 1.5e-7, 123456.789] + [
                round(r.uniform(-1000, 1000), r.randint(0, 4)) for _ in range(60)] + [r.random() for _ in range(10)] + [
                float(np.float32(r.uniform(-9, 9))) for _ in range(10)]
        def decimals(precision, scale):
            top = 10 ** precision - 1
            some = [r.randint(-top, top) // 10 ** r.randint(0, precision) for _ in range(80)] + [0, top, -top]
            some += [e * 10 ** scale for e in edges if abs(e * 10 ** scale) <= top]
            return [D(v).scaleb(-scale) for v in some]
        def texts():
            out = [str(e) for e in edges] + [repr(f) for f in floats()] + [str(v) for v in decimals(30, 10) + decimals(60, 20)]
            out += [f'{r.uniform(-10, 10):.{r.randint(0, 25)}f}' for _ in range(100)]
            out += [f'{r.uniform(-10, 10):.{r.randint(0, 25)}e}' for _ in range(100)]
            out += ['', ' ', 'x', '1x', '--1', '+1', '.5', '5.', '.', '1e', '1e+', 'e5', '1.2.3', '007', '-007.50', ' 8 ', '1 0',
                '0x10', '1_0', 'True', 'FALSE', 'nan', 'Inf', '٣', '1e-400', '1e400', '0e999', '-0', '1' + '0' * 70, '0.' + '0' * 70 + '1']
            return out
        def moments():
            out = [d.datetime(1, 1, 1), d.datetime(9999, 12, 31, 23, 59, 59, 999999), d.datetime(1970, 1, 1), d.datetime(1969, 12, 31, 23, 59, 59, 999999),
                d.datetime(2024, 2, 29), d.datetime(1677, 9, 21, 0, 12, 43), d.datetime(1677, 9, 21, 0, 12, 44), d.datetime(2262, 4, 11, 23, 47, 16), d.datetime(2262, 4, 11, 23, 47, 17)]
            for _ in range(60):
                m = d.datetime(1, 1, 1) + d.timedelta(seconds=r.randrange(315537897599), microseconds=r.choice([0, 0, 1, 1000, 250000, 999999]))
                out.append(r.choice([m, m.replace(microsecond=0), m.replace(hour=0, minute=0, second=0, microsecond=0)]))
            return out
        def moment_texts():
            out = ['', '2024-02-30', '2023-02-29', '2024-2-3', '10:20', '23:59:60', '24:00:00', '10:20:30.5', '10:20:30.123456789', '10:20:30.', '0000-01-01', '2024-02-29T10:00:00+14:00',
                '2024-02-29 10:00+0000', '2024-02-29 10:00-00', '2024-02-29 10:00 +01:00', '2024-02-29T10:00:00z', '2024-02-29t10:00:00', '12024-02-29', '2024-02-29T10:00:00.1234567891']
            for m in moments():
                out += [m.date().isoformat(), m.isoformat(), m.isoformat(' '), m.isoformat() + r.choice(['Z', '+02:00', '-0930', '+05']), m.time().isoformat()]
            return out
        units = {'s': 10**6, 'ms': 10**3, 'us': 1, 'ns': 1}
        def stamps(unit, zone):
            out = []
            for m in moments():
                micros = (m - d.datetime(1970, 1, 1)) // d.timedelta(microseconds=1)
                value = micros // units[unit] * (1000 if unit == 'ns' else 1)
                if -2**63 <= value < 2**63: out.append(value + (r.choice([0, 0, 1, 500]) if unit == 'ns' and abs(value) < 2**62 else 0))
            return pa.array(out, pa.timestamp(unit, zone))
        s = {}
        for bits in (8, 16, 32, 64):
            s[f'int{bits}'] = pa.array(ints(bits, True), getattr(pa, f'int{bits}')())
            s[f'uint{bits}'] = pa.array(ints(bits, False), getattr(pa, f'uint{bits}')())
        s['double'] = pa.array(floats(), pa.float64())
        with np.errstate(all='ignore'): s['float'] = pa.array(np.array(floats()).astype(np.float32), pa.float32())
        s['half'] = pa.array([np.float16(v) for v in (0, 0.1, 1.5, -2, 65504, 0.00006)], pa.float16())
        for p, q in ((9, 0), (20, 4), (38, 10), (38, 38)): s[f'decimal_{p}_{q}'] = pa.array(decimals(p, q), pa.decimal128(p, q))
        s['decimal_60_20'] = pa.array(decimals(60, 20), pa.decimal256(60, 20))
        s['text'] = pa.array(texts(), pa.string())
        s['large'] = pa.array(texts(), pa.large_string())
        s['dictionary'] = pa.array(texts(), pa.string()).dictionary_encode()
        s['bool'] = pa.array([True, False])
        s['moments'] = pa.array(moment_texts(), pa.string())
        s['date32'] = pa.array([m.date() for m in moments()], pa.date32())
        s['date64'] = pa.array([m.date() for m in moments()], pa.date64())
        for unit in units:
            for name, zone in (('', None), ('_utc', 'UTC'), ('_berlin', 'Europe/Berlin')): s[f'stamp_{unit}{name}'] = stamps(unit, zone)
        for unit in ('s', 'ms'): s['time_' + unit] = pa.array([0, 1, 86399 if unit == 's' else 86399999, 1000], pa.time32(unit))
        for unit in ('us', 'ns'): s['time_' + unit] = pa.array([0, 1, 1000, 10**6, 86399 * 10**6, 10**9], pa.time64(unit))
        for name, column in s.items():
            values = pa.concat_arrays([column, pa.nulls(1, column.type)]) if name != 'dictionary' else column
            table = pa.table({'row': pa.array(range(1, len(values) + 1), pa.int64()), 'c': values})
            with pa.ipc.new_stream(f'{folder}/{name}.arrow', table.schema) as w: w.write_table(table)
        print(*s)
        """

    /// Compares what was accepted and rejected with what is right; prints the number of pairs and of cells.
    static let compare = """
        import sys, re, glob, decimal, struct, datetime as d, pyarrow as pa, numpy as np
        from fractions import Fraction
        folder = sys.argv[1]
        D = decimal.Decimal
        decimal.getcontext().prec = 200
        NO = object()
        NUMBER = re.compile(r'[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?', re.A)
        def exact(v, t):
            if pa.types.is_boolean(t): return NO
            if isinstance(v, int): return D(v)
            if isinstance(v, D): return v
            if isinstance(v, (float, np.floating)):
                if not np.isfinite(v): return NO
                if float(v).is_integer(): return D(float(v))
                return D(str(np.float32(v))) if pa.types.is_float32(t) or pa.types.is_float16(t) else D(repr(float(v)))
            if isinstance(v, str):
                v = v.strip(' ')
                return D(v) if NUMBER.fullmatch(v) else NO
            return NO
        def digits(v): return str(int(''.join(map(str, v.as_tuple().digits)))).rstrip('0')
        def as_int(v, t, bits, signed):
            x = exact(v, t)
            if x is NO or (x != 0 and x.adjusted() > 90) or x != x.to_integral_value(): return NO
            low, high = (-2**(bits - 1), 2**(bits - 1) - 1) if signed else (0, 2**bits - 1)
            return int(x) if low <= x <= high else NO
        def as_decimal(v, t, precision, scale):
            x = exact(v, t)
            if x is NO: return NO
            if len(x.as_tuple().digits) > 150: return NO
            y = Fraction(x) * 10 ** scale if abs(x.adjusted()) < 1000 or x == 0 else Fraction(1, 3)
            return D(int(y)).scaleb(-scale) if y.denominator == 1 and abs(y) < 10 ** precision else NO
        def as_float(v, t, kind):
            name, limit, least = ('f', 6, 2.0**-126) if kind == 32 else ('d', 15, 2.0**-1022)
            single = lambda x: struct.unpack('f', struct.pack('f', x))[0] if kind == 32 else float(x)
            if isinstance(v, (float, np.floating)):
                f = float(v)
                if np.isnan(f): return f
                with np.errstate(all='ignore'): g = float(np.float32(f)) if kind == 32 else f
                return g if g == f else NO
            if isinstance(v, str) and v.strip(' ').lower().lstrip('+-') in ('nan', 'inf', 'infinity'): return float(v)
            x = exact(v, t)
            if x is NO: return NO
            with np.errstate(all='ignore'): f = np.float32(str(x)) if kind == 32 else np.float64(float(x))
            if not np.isfinite(f) or (f == 0 and x != 0): return NO
            if isinstance(v, int): return float(f) if Fraction(float(f)) == v else NO
            if x == 0: return float(f) if not str(v).strip(' ').startswith('-') or isinstance(v, D) else -0.0
            n = len(digits(x))
            if n <= limit and abs(f) >= least: return float(f)
            printed = {digits(D(f'{float(f):.{n - 1}e}')), digits(D(np.format_float_scientific(f)))}
            return float(f) if digits(x) in printed else NO
        def as_bool(v, t):
            if isinstance(v, bool): return v
            if isinstance(v, int): return {0: False, 1: True}.get(v, NO)
            return {'true': True, '1': True, 'false': False, '0': False}.get(v.strip(' ').lower(), NO) if isinstance(v, str) else NO
        EPOCH = d.date(1970, 1, 1).toordinal()
        TIME = r'(\\d\\d):(\\d\\d)(?::(\\d\\d)(?:\\.(\\d{1,9}))?)?'
        def seconds(h, m, s, f):
            h, m, s = int(h), int(m), int(s or 0)
            return NO if h > 23 or m > 59 or s > 59 else (h * 3600 + m * 60 + s) * 10**9 + int((f or '').ljust(9, '0'))
        def moment(v, t):
            "Nanoseconds since 1970 and whether there is a zone."
            if isinstance(v, str):
                m = re.fullmatch(r'(\\d{4}-\\d\\d-\\d\\d)(?:[T ]' + TIME + r'(Z|z|[+-]\\d\\d(?::?\\d\\d)?)?)?', v.strip(' '), re.A)
                if not m: return NO
                try: day = d.date.fromisoformat(m[1])
                except ValueError: return NO
                of_day = seconds(m[2], m[3], m[4], m[5]) if m[2] else 0
                if of_day is NO: return NO
                if m[5] and len(m[5]) > 6 and not -9223372036 <= (day.toordinal() - EPOCH) * 86400 + of_day // 10**9 <= 9223372035: return NO
                zone = m[6] or ''
                offset = 0
                if len(zone) > 1:
                    h, n = int(zone[1:3]), int(zone[3:].lstrip(':') or 0)
                    if h > 23 or n > 59: return NO
                    offset = (h * 60 + n) * 60 * (-1 if zone[0] == '-' else 1)
                return ((day.toordinal() - EPOCH) * 86400 - offset) * 10**9 + of_day, bool(zone)
            if pa.types.is_date(t): return (v.toordinal() - EPOCH) * 86400 * 10**9, False
            return NO
        NS = {'s': 10**9, 'ms': 10**6, 'us': 10**3, 'ns': 1}
        def as_stamp(v, t, raw, unit, zone):
            m = (raw * NS[t.unit], t.tz is not None) if pa.types.is_timestamp(t) else moment(v, t)
            if m is NO or m[1] != zone or m[0] % NS[unit]: return NO
            return m[0] // NS[unit] if -2**63 <= m[0] // NS[unit] < 2**63 else NO
        def as_date(v, t, raw):
            m = (raw * NS[t.unit], t.tz is not None) if pa.types.is_timestamp(t) else moment(v, t)
            return m[0] // (86400 * 10**9) if m is not NO and not m[1] and m[0] % (86400 * 10**9) == 0 else NO
        def as_time(v, t, raw, unit):
            if pa.types.is_time(t): x = raw * NS[t.unit]
            elif isinstance(v, str):
                m = re.fullmatch(TIME, v.strip(' '), re.A)
                x = seconds(*m.groups()) if m else NO
            else: return NO
            return x // NS[unit] if x is not NO and x % NS[unit] == 0 else NO
        def expected(v, t, raw, target):
            if m := re.fullmatch(r'(u?)int(\\d+)', target): return as_int(v, t, int(m[2]), not m[1])
            if m := re.fullmatch(r'float(\\d+)', target): return as_float(v, t, int(m[1]))
            if m := re.fullmatch(r'decimal\\((\\d+), (\\d+)\\)', target): return as_decimal(v, t, int(m[1]), int(m[2]))
            if target == 'bool': return as_bool(v, t)
            if target == 'date': return as_date(v, t, raw)
            if m := re.fullmatch(r'time\\[(.+)\\]', target): return as_time(v, t, raw, m[1])
            m = re.fullmatch(r'timestamp\\[(\\w+)(, UTC)?\\]', target)
            return as_stamp(v, t, raw, m[1], bool(m[2]))
        def same(x, y):
            if isinstance(x, float) and isinstance(y, float): return x == y and np.signbit(x) == np.signbit(y) or np.isnan(x) and np.isnan(y)
            return type(x) is type(y) and x == y
        def raw_values(a):
            t = a.type
            if pa.types.is_timestamp(t) or pa.types.is_time64(t) or pa.types.is_date64(t): return a.cast(pa.int64()).to_pylist()
            if pa.types.is_time32(t) or pa.types.is_date32(t): return a.cast(pa.int32()).to_pylist()
            return [None] * len(a)
        def read(path): return pa.ipc.open_stream(path).read_all()
        pairs = cells = fits = 0
        for line in open(f'{folder}/pairs.txt'):
            source, target, number = line.rstrip('\\n').split('\\t')
            given = read(f'{folder}/{source}.arrow')
            column = given['c'].combine_chunks()
            t = column.type
            if pa.types.is_dictionary(t): column, t = column.cast(t.value_type), t.value_type
            values = [None] * len(column) if pa.types.is_timestamp(t) or pa.types.is_time(t) else column.to_pylist()
            raws = raw_values(column)
            accepted = read(f'{folder}/{number}.accepted')
            out = accepted['c'].combine_chunks()
            plain = pa.types.is_timestamp(out.type) or pa.types.is_time(out.type) or pa.types.is_date(out.type)
            got = dict(zip(accepted['row'].to_pylist(), raw_values(out) if plain else out.to_pylist()))
            rejected = set(map(int, open(f'{folder}/{number}.rejected').read().split()))
            for row, valid in enumerate(column.is_valid().to_pylist(), 1):
                cells += 1
                want = expected(values[row - 1], t, raws[row - 1], target) if valid else None
                assert (row in rejected) == (want is NO), (source, target, values[row - 1], raws[row - 1], 'rejected' if row in rejected else got[row])
                assert (row in got) != (row in rejected), (source, target, row)
                if want is NO: continue
                fits += 1
                assert same(got[row], want), (source, target, values[row - 1], raws[row - 1], got[row], want)
            pairs += 1
        print(pairs, cells, fits)
        """
}
