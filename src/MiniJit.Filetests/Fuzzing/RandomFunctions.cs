// Random functions for the optimizer and for the compiler as a whole. They are over scalars: nested branches and bounded loops, block parameters, memory in one stack slot, divisions and
// conditional traps. Operands are taken from what is in scope, recent values most often, and constants are the ones that rules look
// for, so that patterns come about. NaNs are kept from showing their bits: arithmetic may answer with any.
using System;
using System.Collections.Generic;
using MiniJit.IR;
using MiniJit.IR.Building;
using MiniJit.IR.Interpretation;

namespace MiniJit.Filetests.Fuzzing;

/// <summary>Makes them. Keeps its memory, so one generator serves for any number.</summary>
/// <param name="wide">Whether 128-bit integers take part.</param>
internal sealed class RandomFunctions(bool wide = true)
{
    private const int SlotBytes = 64, MaxDepth = 3;

    private static readonly IrType[] s_ints = [IrType.I8, IrType.I16, IrType.I32, IrType.I64];
    private static readonly Opcode[] s_binary =
    [
        Opcode.Iadd, Opcode.Isub, Opcode.Imul, Opcode.Band, Opcode.Bor, Opcode.Bxor, Opcode.Umulhi, Opcode.Smulhi, Opcode.Umin, Opcode.Umax, Opcode.Smin,
        Opcode.Smax, Opcode.Iadd, Opcode.Isub, Opcode.Band, Opcode.Bor, Opcode.Bxor,
    ];

    private static readonly Opcode[] s_unary =
    [
        Opcode.Ineg, Opcode.Bnot, Opcode.Iabs, Opcode.Clz, Opcode.Ctz, Opcode.Cls, Opcode.Popcnt, Opcode.Bitrev, Opcode.Bswap, Opcode.Ineg, Opcode.Bnot,
    ];

    private static readonly Opcode[] s_shifts = [Opcode.Ishl, Opcode.Ushr, Opcode.Sshr, Opcode.Rotl, Opcode.Rotr];

    private readonly List<Value> _scope = [];
    private SplitMix64 _random = new(0);
    private FunctionBuilder _builder = null!;
    private Function _function = null!;
    private StackSlot _slot;
    private int _budget;

    public static readonly IrType[] Parameters = [IrType.I64, IrType.I32, IrType.I16, IrType.I8, IrType.F64, IrType.F32, IrType.I64, IrType.I32];

    /// <summary>The function of a seed.</summary>
    /// <param name="seed">Decides everything.</param>
    /// <param name="size">How many statements it has, more or less.</param>
    /// <param name="suffix">Ends its name, for functions that will be in one module.</param>
    public Function Make(ulong seed, int size = 40, string suffix = "")
    {
        _random = new SplitMix64(seed);
        _function = new Function(ExternalName.Symbol("f" + suffix), CallConv.SystemV);
        foreach (IrType type in Parameters)
        {
            _function.Signature.Params.Add(new AbiParam(type));
        }

        IrType[] returns = [IrType.I64, IrType.I32, IrType.I8, IrType.F64];
        foreach (IrType type in returns)
        {
            _function.Signature.Returns.Add(new AbiParam(type));
        }

        _slot = _function.AddStackSlot(new StackSlotData(SlotBytes, AlignShift: 3));
        _builder = new FunctionBuilder(_function);
        _scope.Clear();
        _budget = size;
        Block entry = _builder.CreateEntry();
        for (int i = 0; i < Parameters.Length; i++)
        {
            _scope.Add(_builder.Param(entry, i));
        }

        Value zero = _builder.Iconst(IrType.I64, 0);
        for (int offset = 0; offset < SlotBytes; offset += 8)
        {
            _builder.Store(MemFlags.Trusted, zero, Address(offset, out int rest), rest);
        }

        while (_budget > 0)
        {
            Statement(0);
        }

        Value sum = Pick(IrType.I64);
        foreach (Value value in _scope.ToArray())
        {
            if (TypeOf(value) == IrType.I64)
            {
                sum = _builder.Bxor(_builder.Rotl(sum, _builder.Iconst(IrType.I8, 7)), value);
            }
        }

        for (int offset = 0; offset < SlotBytes; offset += 8)
        {
            sum = _builder.Iadd(sum, _builder.Load(IrType.I64, MemFlags.Trusted, Address(offset, out int rest), rest));
        }

        _builder.Return(sum, Pick(IrType.I32), Pick(IrType.I8), NotNaN(Pick(IrType.F64), IrType.F64));
        _builder.Finish();
        return _function;
    }

    /// <summary>Arguments for it.</summary>
    public static DataValue[] Arguments(SplitMix64 random)
    {
        DataValue[] values = new DataValue[Parameters.Length];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = Argument(random, Parameters[i]);
        }

        return values;
    }

    /// <summary>Arguments for a function with these parameters.</summary>
    public static DataValue[] Arguments(SplitMix64 random, List<AbiParam> parameters)
    {
        DataValue[] values = new DataValue[parameters.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = Argument(random, parameters[i].Type);
        }

        return values;
    }

    /// <summary>A value of a scalar type, often an extreme one.</summary>
    public static DataValue Argument(SplitMix64 random, IrType type) =>
        type == IrType.F64 ? DataValue.F64(Float(random))
        : type == IrType.F32 ? DataValue.F32((float)Float(random))
        : type == IrType.I128 ? new(type, new UInt128((ulong)Number(random, 64), (ulong)Number(random, 64)))
        : DataValue.Int(type, Number(random, type.Bits));

    private static double Float(SplitMix64 random) => random.Below(8) switch
    {
        0 => 0.0,
        1 => -0.0,
        2 => double.NaN,
        3 => double.PositiveInfinity,
        4 => 1.5,
        5 => -3.0e9,
        6 => random.Below(1000) / 8.0,
        _ => (long)random.Next() * 1.0e-3,
    };

    private static long Number(SplitMix64 random, int bits)
    {
        long number = random.Below(12) switch
        {
            0 => 0,
            1 => 1,
            2 => -1,
            3 => 1L << random.Below(bits),
            4 => (1L << random.Below(bits)) - 1,
            5 => long.MinValue >> (64 - bits),
            6 => long.MaxValue >> (64 - bits),
            7 => random.Below(16) - 8,
            8 => random.Below(256),
            9 => ~(1L << random.Below(bits)),
            10 => bits,
            _ => (long)random.Next(),
        };
        return (number << (64 - bits)) >> (64 - bits);
    }

    // ---- statements

    private void Statement(int depth)
    {
        switch (_random.Below(24))
        {
            case 0 when depth < MaxDepth:
                If(depth);
                break;
            case 1 when depth < MaxDepth:
                Loop(depth);
                break;
            case 2 when depth < MaxDepth:
                Table(depth);
                break;
            case 3 or 4:
                Store();
                break;
            case 5 or 6:
                Load();
                break;
            case 7 when _random.OneIn(2):
                Trap();
                break;
            case 8:
                Divide();
                break;
            case 9:
                Pair();
                break;
            case 10 or 11:
                FloatOperation();
                break;
            case 12:
                Pattern();
                break;
            default:
                Integer();
                break;
        }

        _budget--;
    }

    private void Body(int depth)
    {
        int count = 1 + _random.Below(5);
        for (int i = 0; i < count; i++)
        {
            Statement(depth + 1);
        }
    }

    private void If(int depth)
    {
        IrType type = RandomInt();
        Block then = _builder.CreateBlock(), otherwise = _builder.CreateBlock(), join = _builder.CreateBlock(type, IrType.I64);
        Value condition = Condition(), before = Pick(type);
        if (_random.OneIn(4))
        {
            _builder.Brif(condition, _builder.Target(then), _builder.Target(join, before, Pick(IrType.I64)));
        }
        else
        {
            _builder.Brif(condition, then, otherwise);
            _builder.SwitchTo(otherwise);
            Nested(depth, join, type);
        }

        _builder.SwitchTo(then);
        Nested(depth, join, type);
        _builder.SwitchTo(join);
        _scope.Add(_builder.Param(join, 0));
        _scope.Add(_builder.Param(join, 1));
    }

    private void Nested(int depth, Block join, IrType type)
    {
        int mark = _scope.Count;
        Body(depth);
        _builder.Jump(join, Pick(type), Pick(IrType.I64));
        _scope.RemoveRange(mark, _scope.Count - mark);
    }

    private void Loop(int depth)
    {
        IrType type = RandomInt();
        Block head = _builder.CreateBlock(IrType.I32, type, IrType.I64), exit = _builder.CreateBlock();
        Value invariant = Pick(IrType.I64);
        _builder.Jump(head, _builder.Iconst(IrType.I32, 1 + _random.Below(4)), Pick(type), invariant);
        _builder.SwitchTo(head);
        int mark = _scope.Count;
        Value counter = _builder.Param(head, 0);
        _scope.Add(_builder.Param(head, 1));
        _scope.Add(_builder.Param(head, 2));
        Body(depth);
        Value next = _builder.Iadd(counter, _builder.Iconst(IrType.I32, -1));
        Value carried = _random.OneIn(2) ? _builder.Param(head, 2) : Pick(IrType.I64);
        _builder.Brif(next, _builder.Target(head, next, Pick(type), carried), _builder.Target(exit));
        _builder.SwitchTo(exit);

        // What was defined in blocks that dominate the exit stays in scope: all that is in scope now.
        _ = mark;
    }

    private void Table(int depth)
    {
        Block join = _builder.CreateBlock(IrType.I32, IrType.I64);
        Block[] cases = new Block[1 + _random.Below(3)];
        for (int i = 0; i < cases.Length; i++)
        {
            cases[i] = _builder.CreateBlock();
        }

        Value index = _random.OneIn(4) ? _builder.Iconst(IrType.I32, _random.Below(5)) : Pick(IrType.I32);
        _builder.BrTable(index, cases[0], cases.AsSpan(_random.Below(2)));
        foreach (Block block in cases)
        {
            _builder.SwitchTo(block);
            Nested(depth, join, IrType.I32);
        }

        _builder.SwitchTo(join);
        _scope.Add(_builder.Param(join, 0));
        _scope.Add(_builder.Param(join, 1));
    }

    // The address of a word of the slot, in one of several ways: part of the distance may be left to the access.
    private Value Address(int word, out int offset)
    {
        int near = _random.OneIn(3) ? Math.Min(word, 8 * _random.Below(3)) : 0;
        offset = word - near;
        return _builder.StackAddr(IrType.I64, _slot, near);
    }

    // An address within the slot and the room that is left behind it.
    private Value RandomAddress(out int offset)
    {
        offset = _random.Below(4) * (_random.OneIn(4) ? 1 : 8);
        switch (_random.Below(3))
        {
            case 0:
                return _builder.StackAddr(IrType.I64, _slot, 8 * _random.Below(3));
            case 1:
                return _builder.Iadd(_builder.StackAddr(IrType.I64, _slot), _builder.Iconst(IrType.I64, 8 * _random.Below(3)));
            default:
                Value index = _builder.Band(Pick(IrType.I64), _builder.Iconst(IrType.I64, 15));
                return _builder.Iadd(_builder.StackAddr(IrType.I64, _slot), index);
        }
    }

    private MemFlags Flags() => _random.Below(4) switch
    {
        0 => MemFlags.Default,
        1 => MemFlags.Default.WithTrap(TrapCode.User(3)),
        _ => MemFlags.Default.WithNotrap(),
    };

    private void Store()
    {
        Value address = RandomAddress(out int offset);
        IrType type = RandomInt();
        Value value = Pick(type);
        MemFlags flags = Flags();
        switch (_random.Below(5))
        {
            case 0 when type.Bits > 8:
                _builder.Istore8(flags, value, address, offset);
                break;
            case 1 when type.Bits > 16:
                _builder.Istore16(flags, value, address, offset);
                break;
            case 2 when type.Bits > 32:
                _builder.Istore32(flags, value, address, offset);
                break;
            default:
                _builder.Store(flags, value, address, offset);
                if (_random.OneIn(3))
                {
                    _builder.Store(Flags(), _random.OneIn(2) ? value : Pick(type), address, offset);
                }

                if (_random.OneIn(3))
                {
                    _scope.Add(_builder.Load(type, Flags(), address, offset));
                }

                break;
        }
    }

    private void Load()
    {
        Value address = RandomAddress(out int offset);
        MemFlags flags = Flags();
        _scope.Add(_random.Below(8) switch
        {
            0 => _builder.Uload8(IrType.I32, flags, address, offset),
            1 => _builder.Sload8(IrType.I64, flags, address, offset),
            2 => _builder.Uload16(IrType.I64, flags, address, offset),
            3 => _builder.Sload16(IrType.I32, flags, address, offset),
            4 => _builder.Uload32(flags, address, offset),
            5 => _builder.Sload32(flags, address, offset),
            _ => _builder.Load(RandomInt(), flags, address, offset),
        });
    }

    private void Trap()
    {
        // Rarely taken, so that most functions get further than this.
        Value condition = _builder.Icmp(IntCC.Equal, Pick(IrType.I64), _builder.Iconst(IrType.I64, _random.Below(100)));
        TrapCode code = TrapCode.User(1 + _random.Below(2));
        if (_random.OneIn(8))
        {
            _builder.Trapz(_random.OneIn(2) ? Pick(RandomInt()) : _builder.Iconst(IrType.I8, 1), code);
        }
        else if (_random.OneIn(3))
        {
            _builder.Trapz(_builder.Icmp(IntCC.Equal, condition, _builder.Iconst(IrType.I8, 0)), code);
        }
        else
        {
            _builder.Trapnz(condition, code);
        }
    }

    private void Divide()
    {
        IrType type = RandomInt();
        Value x = Pick(type);
        Value y = _random.OneIn(3) ? _builder.Bor(Pick(type), _builder.Iconst(type, 1)) : _builder.Iconst(type, Divisor(type));
        _scope.Add(_random.Below(4) switch
        {
            0 => _builder.Udiv(x, y),
            1 => _builder.Sdiv(x, y),
            2 => _builder.Urem(x, y),
            _ => _builder.Srem(x, y),
        });
    }

    private long Divisor(IrType type)
    {
        long number = Number(_random, type.Bits);
        return number == 0 && !_random.OneIn(16) ? 3 + _random.Below(100) : number;
    }

    private void Pair()
    {
        IrType type = RandomInt();
        Value x = Pick(type), y = _random.OneIn(3) ? Constant(type) : Pick(type);
        (Value result, Value overflow) = _random.Below(8) switch
        {
            0 => _builder.UaddOverflow(x, y),
            1 => _builder.SaddOverflow(x, y),
            2 => _builder.UsubOverflow(x, y),
            3 => _builder.SsubOverflow(x, y),
            4 => _builder.UmulOverflow(x, y),
            5 => _builder.SmulOverflow(_random.OneIn(4) ? Constant(type) : x, y),
            6 => _builder.UaddOverflowCin(x, y, Pick(IrType.I8)),
            _ => _builder.UsubOverflowBin(x, y, Pick(IrType.I8)),
        };
        _scope.Add(result);
        _scope.Add(overflow);
    }

    private void FloatOperation()
    {
        IrType type = _random.OneIn(2) ? IrType.F64 : IrType.F32;
        Value x = Pick(type), y = Pick(type);
        _scope.Add(_random.Below(20) switch
        {
            0 => _builder.Fadd(x, y),
            1 => _builder.Fsub(x, y),
            2 => _builder.Fmul(x, y),
            3 => _builder.Fdiv(x, y),
            4 or 5 => _builder.Fneg(x),
            6 => _builder.Fabs(x),
            7 => _builder.Fcopysign(x, NotNaN(y, type)),
            8 => _builder.Fmin(x, y),
            9 => _builder.Fmax(x, y),
            10 => _builder.Sqrt(x),
            11 => _random.OneIn(2) ? _builder.Fma(x, y, x) : _builder.Trunc(x),
            12 or 13 => _builder.Fcmp((FloatCC)(1 + _random.Below(14)), x, _random.OneIn(4) ? x : y),
            14 => _builder.FcvtToSintSat(RandomWideInt(), x),
            15 => _builder.FcvtFromUint(type, Pick(RandomWideInt())),
            16 => _builder.FcvtFromSint(type, Pick(RandomWideInt())),
            17 => type == IrType.F64 ? _builder.Fpromote(type, Pick(IrType.F32)) : _builder.Fdemote(type, Pick(IrType.F64)),
            18 => _builder.Bitcast(type.AsInt(), NotNaN(x, type)),
            _ => type == IrType.F64 ? _builder.F64const(Float(_random)) : _builder.F32const((float)(_random.OneIn(2) ? 0.25 : Float(_random))),
        });
    }

    private Value NotNaN(Value x, IrType type)
    {
        Value zero = type == IrType.F64 ? _builder.F64const(1.0) : _builder.F32const(1.0f);
        return _builder.Select(_builder.Fcmp(FloatCC.Ordered, x, x), x, zero);
    }

    private void Integer()
    {
        IrType type = RandomInt();
        switch (_random.Below(16))
        {
            case < 6:
                Value x = Pick(type);
                _scope.Add(Binary(s_binary[_random.Below(s_binary.Length)], x, _random.OneIn(2) ? Constant(type) : _random.OneIn(5) ? x : Pick(type)));
                break;
            case 6 or 7:
                Opcode opcode = s_unary[_random.Below(s_unary.Length)];
                _scope.Add(opcode == Opcode.Bswap && type == IrType.I8 ? _builder.Ineg(Pick(type)) : Unary(opcode, Pick(type)));
                break;
            case 8 or 9:
                Value amount = _random.OneIn(4) ? Pick(RandomInt()) : Constant(RandomInt());
                _scope.Add(Binary(s_shifts[_random.Below(s_shifts.Length)], Pick(type), amount));
                break;
            case 10 or 11:
                _scope.Add(Condition());
                break;
            case 12:
                _scope.Add(_builder.Select(Condition(), _random.OneIn(3) ? Constant(type) : Pick(type), _random.OneIn(3) ? Constant(type) : Pick(type)));
                break;
            case 13:
                Convert();
                break;
            case 14:
                _scope.Add(_builder.Bitselect(_random.OneIn(3) ? Constant(type) : Pick(type), _random.OneIn(3) ? Constant(type) : Pick(type), Pick(type)));
                break;
            default:
                _scope.Add(_builder.Bmask(type, Condition()));
                break;
        }
    }

    private void Convert()
    {
        Value x = Pick(RandomInt());
        int from = TypeOf(x).Bits, to = RandomInt().Bits;
        _scope.Add(from == to ? x : from > to ? _builder.Ireduce(IrType.Int(to), x)
            : _random.OneIn(2) ? _builder.Uextend(IrType.Int(to), x) : _builder.Sextend(IrType.Int(to), x));
    }

    // Shapes that chance puts together too rarely.
    private void Pattern()
    {
        IrType type = RandomInt();
        Value x = Pick(type), y = Pick(type), k = Constant(type);
        long bits = type.Bits;
        Value amount = Pick(RandomInt());
        switch (_random.Below(22))
        {
            case 0:
                int left = 1 + _random.Below((int)bits - 1);
                _scope.Add(Binary(_random.OneIn(2) ? Opcode.Bor : _random.OneIn(2) ? Opcode.Bxor : Opcode.Iadd, _builder.Ishl(x, _builder.Iconst(IrType.I8, left)), _builder.Ushr(x, _builder.Iconst(IrType.I8, bits - left))));
                break;
            case 1:
                Value negated = _random.OneIn(2) ? _builder.Ineg(amount) : _builder.Isub(_builder.Iconst(TypeOf(amount), bits), amount);
                _scope.Add(_builder.Bor(_builder.Ishl(x, _random.OneIn(2) ? amount : negated), _builder.Ushr(x, _random.OneIn(2) ? amount : negated)));
                break;
            case 2:
                long shift = _random.Below((int)bits);
                Value s = _builder.Iconst(IrType.I32, shift);
                _scope.Add(_random.Below(4) switch
                {
                    0 => _builder.Ushr(_builder.Ishl(x, s), s),
                    1 => _builder.Sshr(_builder.Ishl(x, s), s),
                    2 => _builder.Ishl(_builder.Ushr(x, s), s),
                    _ => _builder.Ishl(_builder.Sshr(x, s), s),
                });
                break;
            case 3:
                Opcode[] modular = [Opcode.Iadd, Opcode.Isub, Opcode.Imul, Opcode.Band, Opcode.Bor, Opcode.Bxor];
                if (bits < 64)
                {
                    _scope.Add(_builder.Ireduce(type, Binary(modular[_random.Below(6)], _builder.Uextend(IrType.I64, x), _builder.Sextend(IrType.I64, y))));
                    _scope.Add(_builder.Ireduce(type, _builder.Ineg(_builder.Sextend(IrType.I64, x))));
                    _scope.Add(_builder.Ireduce(type, _builder.Ishl(_builder.Sextend(IrType.I64, x), _builder.Iconst(IrType.I8, 3))));
                }

                break;
            case 4 when wide:
                Value product = _random.OneIn(2)
                    ? _builder.Imul(_builder.Uextend(IrType.I128, Pick(IrType.I64)), _builder.Uextend(IrType.I128, Pick(IrType.I64)))
                    : _builder.Imul(_builder.Sextend(IrType.I128, Pick(IrType.I64)), _builder.Sextend(IrType.I128, Pick(IrType.I64)));
                _scope.Add(_builder.Ireduce(IrType.I64, _random.OneIn(2) ? product : _builder.Ushr(product, _builder.Iconst(IrType.I32, 64))));
                break;
            case 5 when wide:
                Value pair = _builder.Iconcat(Pick(IrType.I64), _random.OneIn(3) ? _builder.Iconst(IrType.I64, 0) : Pick(IrType.I64));
                (Value low, Value high) = _builder.Isplit(pair);
                _scope.Add(low);
                _scope.Add(high);
                _scope.Add(_builder.Ireduce(RandomInt(), pair));
                _scope.Add(_builder.Ireduce(IrType.I64, _builder.Ushr(pair, _builder.Iconst(IrType.I8, 64))));
                _scope.Add(_builder.Ireduce(IrType.I64, _builder.Iadd(pair, _builder.Iconcat(low, high))));
                break;
            case 6:
                Opcode logic = _random.Below(3) switch { 0 => Opcode.Band, 1 => Opcode.Bor, _ => Opcode.Bxor };
                _scope.Add(Binary(logic, _builder.Icmp(RandomCC(), x, y), _random.OneIn(2) ? _builder.Icmp(RandomCC(), x, y) : _builder.Icmp(RandomCC(), y, x)));
                break;
            case 7:
                Value f = Pick(IrType.F64), g = Pick(IrType.F64);
                FloatCC c1 = (FloatCC)(1 + _random.Below(14)), c2 = (FloatCC)(1 + _random.Below(14));
                _scope.Add(Binary(_random.OneIn(2) ? Opcode.Band : Opcode.Bor, _builder.Fcmp(c1, f, g), _random.OneIn(2) ? _builder.Fcmp(c2, f, g) : _builder.Fcmp(c2, g, f)));
                _scope.Add(_builder.Fcmp(c1, _builder.Fneg(f), _builder.Fneg(g)));
                _scope.Add(_builder.Fcmp(c1, _builder.Fpromote(IrType.F64, Pick(IrType.F32)), _builder.Fpromote(IrType.F64, Pick(IrType.F32))));
                break;
            case 8:
                _scope.Add(_builder.Select(_builder.Icmp(RandomCC(), x, y), _random.OneIn(2) ? x : y, _random.OneIn(2) ? x : y));
                break;
            case 9:
                Value c = Condition();
                long[] arms = [0, 1, -1];
                _scope.Add(_builder.Select(c, _builder.Iconst(type, arms[_random.Below(3)]), _builder.Iconst(type, arms[_random.Below(3)])));
                _scope.Add(_builder.Select(c, _builder.Select(c, x, y), k));
                _scope.Add(_builder.Select(c, x, _builder.Select(c, k, y)));
                _scope.Add(_builder.SelectSpectreGuard(_random.OneIn(3) ? _builder.Iconst(IrType.I8, _random.Below(2)) : c, x, _random.OneIn(2) ? x : y));
                break;
            case 10:
                _scope.Add(_builder.Icmp(RandomCC(), _builder.Select(Condition(), k, Constant(type)), Constant(type)));
                break;
            case 11:
                Opcode[] unary = [Opcode.Ineg, Opcode.Bnot, Opcode.Popcnt, Opcode.Iabs, Opcode.Bitrev];
                Opcode op = unary[_random.Below(unary.Length)];
                IntCC equality = _random.OneIn(2) ? IntCC.Equal : IntCC.NotEqual;
                _scope.Add(_builder.Icmp(equality, Unary(op, x), _random.OneIn(3) ? _builder.Iconst(type, 0) : Unary(op is Opcode.Ineg or Opcode.Bnot ? op : Opcode.Ineg, y)));
                _scope.Add(_builder.Icmp(equality, _builder.Rotl(x, amount), _builder.Iconst(type, 0)));
                _scope.Add(_builder.Icmp(equality, _builder.Band(x, _builder.Iconst(type, 4)), _builder.Iconst(type, 4)));
                _scope.Add(_builder.Icmp(equality, _random.OneIn(2) ? _builder.Isub(k, x) : _builder.Isub(x, y), _random.OneIn(2) ? _builder.Iconst(type, 0) : Constant(type)));
                break;
            case 12:
                Opcode[] minMax = [Opcode.Umin, Opcode.Umax, Opcode.Smin, Opcode.Smax];
                Opcode first = minMax[_random.Below(4)], second = minMax[_random.Below(4)];
                _scope.Add(Binary(first, Binary(second, x, y), y));
                _scope.Add(Binary(first, Binary(first, x, k), Constant(type)));
                break;
            case 13:
                _scope.Add(_builder.Iadd(_builder.Imul(x, k), x));
                _scope.Add(_builder.Isub(_builder.Iadd(x, y), _random.OneIn(2) ? x : y));
                _scope.Add(_builder.Isub(x, _random.OneIn(2) ? _builder.Iadd(x, y) : _builder.Isub(x, y)));
                _scope.Add(_builder.Iadd(_builder.Isub(x, y), y));
                _scope.Add(_builder.Isub(_builder.Isub(x, y), x));
                break;
            case 14:
                _scope.Add(_builder.Iadd(_builder.Bnot(x), k));
                _scope.Add(_builder.Iadd(_builder.Isub(k, x), Constant(type)));
                _scope.Add(_builder.Isub(Constant(type), _random.OneIn(2) ? _builder.Isub(k, x) : _builder.Iadd(x, k)));
                _scope.Add(_builder.Imul(_builder.Ineg(x), _random.OneIn(2) ? k : _builder.Ineg(y)));
                _scope.Add(_builder.Ineg(_builder.Imul(x, k)));
                _scope.Add(_builder.Isub(x, _builder.Ineg(y)));
                break;
            case 15:
                _scope.Add(_builder.Bxor(_random.OneIn(2) ? _builder.Bnot(x) : x, _random.OneIn(2) ? _builder.Bnot(y) : _builder.Bnot(x)));
                _scope.Add(_builder.Band(x, _random.OneIn(2) ? _builder.Bnot(x) : _builder.Bor(y, x)));
                _scope.Add(_builder.Bor(x, _random.OneIn(2) ? _builder.Bnot(x) : _builder.Band(y, x)));
                _scope.Add(_builder.Bor(_builder.Band(x, k), _builder.Band(x, Constant(type))));
                _scope.Add(_builder.Band(_builder.Bor(x, k), _random.OneIn(2) ? k : _builder.Bnot(k)));
                _scope.Add(_builder.Bor(_builder.Band(x, k), _builder.Bnot(k)));
                _scope.Add(_builder.Band(_builder.Bnot(x), _builder.Bnot(y)));
                _scope.Add(_builder.Bor(_builder.Bnot(x), _builder.Bnot(y)));
                break;
            case 16:
                Opcode[] counts = [Opcode.Popcnt, Opcode.Clz, Opcode.Ctz];
                _scope.Add(Unary(counts[_random.Below(3)], _builder.Bitrev(x)));
                _scope.Add(_builder.Popcnt(_builder.Rotl(x, amount)));
                _scope.Add(_builder.Bitrev(_builder.Bitrev(x)));
                break;
            case 17:
                long multiple = bits * (1 + _random.Below(2));
                IrType at = TypeOf(amount);
                Opcode rotate = s_shifts[_random.Below(5)];
                _scope.Add(Binary(rotate, x, _random.Below(4) switch
                {
                    0 => _builder.Ineg(amount),
                    1 => _builder.Band(amount, _builder.Iconst(at, at.Bits >= 16 ? 255 : -1)),
                    2 => at.Bits > 8 ? _builder.Iadd(amount, _builder.Iconst(at, multiple)) : amount,
                    _ => _builder.Isub(_builder.Iconst(at, bits == 64 && at.Bits == 8 ? 64 : multiple), amount),
                }));
                _scope.Add(Binary(rotate, Binary(rotate, x, _builder.Iconst(IrType.I8, _random.Below(8))), _builder.Iconst(IrType.I8, 1 + _random.Below((int)bits - 1))));
                _scope.Add(Binary(rotate, _builder.Iconst(type, -_random.Below(2)), amount));
                break;
            case 18:
                Value d = Pick(IrType.F64), e = Pick(IrType.F64);
                _scope.Add(_builder.Fadd(d, _builder.Fneg(e)));
                _scope.Add(_builder.Fsub(d, _builder.Fneg(e)));
                _scope.Add(_builder.Fmul(_builder.Fneg(d), _builder.Fneg(e)));
                _scope.Add(_builder.Fdiv(_builder.Fneg(d), _builder.Fneg(e)));
                _scope.Add(_builder.Fma(_builder.Fneg(d), _builder.Fneg(e), d));
                _scope.Add(_builder.Fdiv(d, _builder.F64const(Math.ScaleB(1.0, _random.Below(8) - 4))));
                _scope.Add(_builder.Fdiv(Pick(IrType.F32), _builder.F32const(MathF.ScaleB(-1.0f, _random.Below(8) - 4))));
                _scope.Add(_builder.Fmul(d, _builder.F64const(2.0)));
                _scope.Add(_builder.Fcopysign(_random.OneIn(2) ? _builder.Fneg(d) : _builder.Fabs(d), NotNaN(e, IrType.F64)));
                _scope.Add(_builder.Fabs(_random.OneIn(2) ? _builder.Fabs(d) : _builder.Fneg(d)));
                _scope.Add(_builder.Fcopysign(d, _random.OneIn(2) ? d : _builder.Fabs(e)));
                _scope.Add(_builder.Fneg(_builder.Fneg(d)));
                break;
            case 19:
                Value narrow = Pick(IrType.I16);
                _scope.Add(_builder.Uextend(IrType.I64, _builder.Uextend(IrType.I32, narrow)));
                _scope.Add(_builder.Sextend(IrType.I64, _random.OneIn(2) ? _builder.Sextend(IrType.I32, narrow) : _builder.Uextend(IrType.I32, narrow)));
                _scope.Add(_builder.Sextend(IrType.I64, _builder.Ireduce(IrType.I32, _builder.Sshr(Pick(IrType.I64), _builder.Iconst(IrType.I8, 30 + _random.Below(8))))));
                _scope.Add(_builder.Uextend(IrType.I64, _builder.Ireduce(_random.OneIn(2) ? IrType.I16 : IrType.I32, Pick(IrType.I64))));
                _scope.Add(_builder.Band(_builder.Sextend(IrType.I32, narrow), _builder.Iconst(IrType.I32, 0xff)));
                _scope.Add(_builder.Band(Pick(IrType.I64), _builder.Iconst(IrType.I64, 0xffff_ffff)));
                _scope.Add(_builder.Ireduce(IrType.I16, _builder.Band(Pick(IrType.I64), _builder.Iconst(IrType.I64, 0xf_ffff))));
                _scope.Add(_builder.FcvtFromUint(IrType.F64, _builder.Ushr(Pick(IrType.I64), _builder.Iconst(IrType.I64, 1 + _random.Below(40)))));
                _scope.Add(_builder.Ireduce(IrType.I8, _builder.Ireduce(IrType.I32, Pick(IrType.I64))));
                _scope.Add(_builder.Icmp(RandomCC(), _builder.Sextend(IrType.I64, narrow), _random.OneIn(2) ? _builder.Sextend(IrType.I64, Pick(IrType.I16)) : _builder.Iconst(IrType.I64, _random.Below(9) - 4)));
                _scope.Add(_builder.Icmp(RandomCC(), _builder.Uextend(IrType.I64, narrow), _random.OneIn(2) ? _builder.Uextend(IrType.I64, Pick(IrType.I16)) : _builder.Iconst(IrType.I64, _random.Below(9) - 4)));
                break;
            case 20:
                _scope.Add(_builder.Udiv(_builder.Udiv(x, _builder.Iconst(type, 3)), _builder.Iconst(type, 1 + _random.Below(30))));
                _scope.Add(_builder.Sdiv(_builder.Ushr(x, _builder.Iconst(type, 1)), _builder.Iconst(type, 1 + _random.Below(100))));
                _scope.Add(_builder.Srem(_builder.Ushr(x, _builder.Iconst(type, 1)), _builder.Iconst(type, 1 + _random.Below(100))));
                break;
            default:
                Value truth = Condition();
                _scope.Add(_builder.Icmp(_random.OneIn(2) ? IntCC.Equal : IntCC.NotEqual, truth, _builder.Iconst(IrType.I8, _random.Below(2))));
                _scope.Add(_builder.Bxor(truth, _builder.Iconst(IrType.I8, 1)));
                Value extended = _builder.Uextend(IrType.I32, truth);
                _scope.Add(_builder.Bxor(extended, _builder.Iconst(IrType.I32, 1)));
                _scope.Add(_builder.Icmp(_random.OneIn(2) ? IntCC.Equal : IntCC.NotEqual, extended, _builder.Iconst(IrType.I32, _random.Below(2))));
                _scope.Add(_builder.Ineg(extended));
                _scope.Add(_builder.Select(_builder.Bxor(truth, _builder.Iconst(IrType.I8, 1)), x, y));
                _scope.Add(_builder.Ineg(_random.OneIn(2) ? _builder.Ushr(x, _builder.Iconst(type, bits - 1)) : _builder.Sshr(x, _builder.Iconst(type, bits - 1))));
                _scope.Add(_builder.Bitcast(IrType.I64, _builder.Bitcast(IrType.F64, Pick(IrType.I64))));
                _scope.Add(_builder.Bitcast(type, x));
                break;
        }
    }

    // ---- operands

    private IrType TypeOf(Value value) => _function.Dfg.TypeOf(value);

    private IrType RandomInt() => s_ints[_random.Below(4)];

    private IrType RandomWideInt() => _random.OneIn(2) ? IrType.I32 : IrType.I64;

    private IntCC RandomCC() => (IntCC)_random.Below(10);

    private Value Condition()
    {
        IrType type = RandomInt();
        return _random.OneIn(8) ? Pick(IrType.I8) : _builder.Icmp(RandomCC(), Pick(type), _random.OneIn(2) ? Constant(type) : Pick(type));
    }

    private Value Constant(IrType type) => _builder.Iconst(type, Number(_random, type.Bits));

    private Value Pick(IrType type)
    {
        // Mostly recent values.
        int count = _scope.Count;
        int start = _random.OneIn(3) ? _random.Below(count) : count - 1 - _random.Below(Math.Min(count, 8));
        for (int i = start; i >= 0; i--)
        {
            if (TypeOf(_scope[i]) == type)
            {
                return _scope[i];
            }
        }

        for (int i = start; i < count; i++)
        {
            if (TypeOf(_scope[i]) == type)
            {
                return _scope[i];
            }
        }

        throw new InvalidOperationException($"no {type} in scope");
    }

    private Value Unary(Opcode opcode, Value x) => opcode switch
    {
        Opcode.Ineg => _builder.Ineg(x),
        Opcode.Bnot => _builder.Bnot(x),
        Opcode.Iabs => _builder.Iabs(x),
        Opcode.Clz => _builder.Clz(x),
        Opcode.Ctz => _builder.Ctz(x),
        Opcode.Cls => _builder.Cls(x),
        Opcode.Popcnt => _builder.Popcnt(x),
        Opcode.Bitrev => _builder.Bitrev(x),
        _ => _builder.Bswap(x),
    };

    private Value Binary(Opcode opcode, Value x, Value y) => opcode switch
    {
        Opcode.Iadd => _builder.Iadd(x, y),
        Opcode.Isub => _builder.Isub(x, y),
        Opcode.Imul => _builder.Imul(x, y),
        Opcode.Band => _builder.Band(x, y),
        Opcode.Bor => _builder.Bor(x, y),
        Opcode.Bxor => _builder.Bxor(x, y),
        Opcode.Umulhi => _builder.Umulhi(x, y),
        Opcode.Smulhi => _builder.Smulhi(x, y),
        Opcode.Umin => _builder.Umin(x, y),
        Opcode.Umax => _builder.Umax(x, y),
        Opcode.Smin => _builder.Smin(x, y),
        Opcode.Smax => _builder.Smax(x, y),
        Opcode.Ishl => _builder.Ishl(x, y),
        Opcode.Ushr => _builder.Ushr(x, y),
        Opcode.Sshr => _builder.Sshr(x, y),
        Opcode.Rotl => _builder.Rotl(x, y),
        _ => _builder.Rotr(x, y),
    };
}
