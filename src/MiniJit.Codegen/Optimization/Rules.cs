// The algebra of floating instructions. Rules look at one instruction and the definitions of its operands, which have been
// simplified before; the first that matches replaces the value. A rule reads
//     // pattern   [condition]   => replacement
// and keeps the type. Rewriting terminates because every rule shrinks (depth of the expression, then number of instructions whose
// result nobody shares, then distance of constants from the root, then the position in a fixed order of opcodes, in which what a
// machine does faster comes first); a bound on the nesting of replacements is the belt to these braces.
// Patterns never look at use counts: operands that are still needed elsewhere cost nothing when they are shared, and the rules
// below never replace one instruction by several unless these are faster than the one even if nothing else goes away.
using System;
using System.Numerics;
using System.Runtime.CompilerServices;
using MiniJit.IR;

namespace MiniJit.Codegen.Optimization;

/// <summary>Simplification of pure instructions.</summary>
internal sealed partial class Rules
{
    private const int MaxNesting = 12, MaxLookback = 4;
    private readonly ExpressionGraph _graph;
    private readonly int[] _hits = new int[(int)Rule.Count];
    private DataFlowGraph _dfg = null!;
    private Function _function = null!;
    private int _nesting;

    public Rules(ExpressionGraph graph) => _graph = graph;

    /// <summary>How often each rule was applied, indexed by <see cref="Rule"/>.</summary>
    public ReadOnlySpan<int> Hits => _hits;

    public void Begin(Function function)
    {
        _function = function;
        _dfg = function.Dfg;
        _nesting = 0;
    }

    /// <summary>
    /// A value equal to the result of <paramref name="data"/>, whose operands are simplified; none if the instruction is as good as it gets.
    /// Operands may change places.
    /// </summary>
    public Value Simplify(ref InstructionData data)
    {
        MoveConstantRight(ref data);
        Value folded = Fold(data);
        return folded.IsNone ? Rewrite(data) : folded;
    }

    /// <summary>The value of a new instruction, simplified and merged with equal ones.</summary>
    private Value Make(InstructionData data)
    {
        if (_nesting < MaxNesting)
        {
            _nesting++;
            Value simplified = Simplify(ref data);
            _nesting--;
            if (!simplified.IsNone)
            {
                return simplified;
            }
        }

        return _graph.Intern(data);
    }

    private Value Rewrite(in InstructionData data)
    {
        IrType ty = data.Type;
        Value x = data.Arg0, y = data.Arg1;
        return data.Opcode switch
        {
            Opcode.Iadd => Iadd(ty, x, y),
            Opcode.Isub => Isub(ty, x, y),
            Opcode.Ineg => Ineg(ty, x),
            Opcode.Iabs => Iabs(ty, x),
            Opcode.Imul => Imul(ty, x, y),
            Opcode.Umulhi => Umulhi(ty, x, y),
            Opcode.Smulhi => Smulhi(ty, x, y),
            Opcode.Umin or Opcode.Umax or Opcode.Smin or Opcode.Smax => MinMax(data.Opcode, ty, x, y),
            Opcode.Udiv => Udiv(ty, x, y),
            Opcode.Sdiv => Sdiv(ty, x, y),
            Opcode.Urem => Urem(ty, x, y),
            Opcode.Srem => Srem(ty, x, y),
            Opcode.Band => Band(ty, x, y),
            Opcode.Bor => Bor(ty, x, y),
            Opcode.Bxor => Bxor(ty, x, y),
            Opcode.Bnot => Bnot(ty, x),
            Opcode.Bitselect => Bitselect(ty, x, y, data.Arg2),
            Opcode.Ishl => Ishl(ty, x, y),
            Opcode.Ushr => Ushr(ty, x, y),
            Opcode.Sshr => Sshr(ty, x, y),
            Opcode.Rotl or Opcode.Rotr => Rotate(data.Opcode, ty, x, y),
            Opcode.Bswap or Opcode.Bitrev => Involution(data.Opcode, x),
            Opcode.Popcnt or Opcode.Clz or Opcode.Ctz => CountBits(data.Opcode, ty, x),
            Opcode.Icmp => Icmp(ty, data.IntCC, x, y),
            Opcode.Fcmp => Fcmp(ty, data.FloatCC, x, y),
            Opcode.Select => Select(ty, x, y, data.Arg2),
            Opcode.SelectSpectreGuard => SelectSpectreGuard(x, y, data.Arg2),
            Opcode.Bmask => Bmask(ty, x),
            Opcode.Uextend => Uextend(ty, x),
            Opcode.Sextend => Sextend(ty, x),
            Opcode.Ireduce => Ireduce(ty, x),
            Opcode.Iconcat => Iconcat(ty, x, y),
            Opcode.Bitcast => Bitcast(ty, x),
            Opcode.FcvtFromUint => FcvtFromUint(ty, x),
            Opcode.Fneg or Opcode.Fabs => FloatSign(data.Opcode, x),
            Opcode.Fcopysign => Fcopysign(ty, x, y),
            Opcode.Fadd => Fadd(ty, x, y),
            Opcode.Fsub => Fsub(ty, x, y),
            Opcode.Fmul => Fmul(ty, x, y),
            Opcode.Fdiv => Fdiv(ty, x, y),
            Opcode.Fma => Fma(ty, x, y, data.Arg2),
            _ => default,
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Value Hit(Rule rule, Value value)
    {
        _hits[(int)rule]++;
        return value;
    }

    // Constants go to the right, so that rules need to look for them there only.
    private void MoveConstantRight(ref InstructionData data)
    {
        if ((data.Opcode.Effects() & OpcodeEffects.Commutative) != 0)
        {
            if (IsConstant(data.Arg0) && !IsConstant(data.Arg1))
            {
                (data.A, data.B) = (data.B, data.A);
            }
        }
        else if (data.Opcode == Opcode.Icmp && IsConstant(data.Arg0) && !IsConstant(data.Arg1))
        {
            (data.A, data.B) = (data.B, data.A);
            data.Aux = (ushort)((IntCC)data.Aux).SwapOperands();
        }
    }

    // ---- matchers

    /// <summary>An iconst.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsConst(Value value, out long k)
    {
        Inst def = _dfg.DefInst(value);
        if (!def.IsNone)
        {
            ref InstructionData data = ref _dfg[def];
            if (data.Opcode == Opcode.Iconst)
            {
                k = data.Imm;
                return true;
            }
        }

        k = 0;
        return false;
    }

    private bool IsConstant(Value value)
    {
        Inst def = _dfg.DefInst(value);
        return !def.IsNone && _dfg[def].Opcode is Opcode.Iconst or Opcode.F32const or Opcode.F64const or Opcode.F16const or Opcode.Vconst or Opcode.F128const;
    }

    private bool IsConst(Value value, long expected) => IsConst(value, out long k) && k == expected;

    /// <summary>A definition with this opcode.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Is(Value value, Opcode opcode, out InstructionData data)
    {
        Inst def = _dfg.DefInst(value);
        if (!def.IsNone && _dfg[def].Opcode == opcode)
        {
            data = _dfg[def];
            return true;
        }

        data = default;
        return false;
    }

    /// <summary>A unary operation.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Is(Value value, Opcode opcode, out Value x)
    {
        bool matched = Is(value, opcode, out InstructionData data);
        x = data.Arg0;
        return matched;
    }

    /// <summary>A binary operation.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Is(Value value, Opcode opcode, out Value x, out Value y)
    {
        bool matched = Is(value, opcode, out InstructionData data);
        x = data.Arg0;
        y = data.Arg1;
        return matched;
    }

    /// <summary>A binary operation with a constant on the right.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsWithConst(Value value, Opcode opcode, out Value x, out long k)
    {
        if (Is(value, opcode, out x, out Value y) && IsConst(y, out k))
        {
            return true;
        }

        k = 0;
        return false;
    }

    /// <summary>A shift or rotation of a scalar by a constant; <paramref name="k"/> is below the number of bits.</summary>
    private bool IsShift(Value value, Opcode opcode, out Value x, out int k)
    {
        bool matched = IsWithConst(value, opcode, out x, out long amount) && _dfg.TypeOf(x).IsInt;
        k = matched ? (int)amount & (_dfg.TypeOf(x).Bits - 1) : 0;
        return matched;
    }

    /// <summary>A commutative operation one operand of which is <paramref name="known"/>; <paramref name="other"/> is the other one.</summary>
    private bool IsWith(Value value, Opcode opcode, Value known, out Value other)
    {
        if (Is(value, opcode, out Value x, out Value y) && (x == known || y == known))
        {
            other = x == known ? y : x;
            return true;
        }

        other = default;
        return false;
    }

    /// <summary>A zero or sign extension.</summary>
    private bool IsExtension(Value value, out Value x, out bool signed)
    {
        signed = Is(value, Opcode.Sextend, out x);
        return signed || Is(value, Opcode.Uextend, out x);
    }

    /// <summary>A scalar integer that iconst can make.</summary>
    private static bool IsSmallInt(IrType ty) => ty.IsInt && ty.Bits <= 64;

    // ---- constructors

    private Value Iconst(IrType ty, long k) => _graph.Intern(InstructionData.UnaryImm(Opcode.Iconst, ty, SignExtend(k, ty.Bits)));

    private Value Unary(Opcode opcode, IrType ty, Value x) => Make(InstructionData.Unary(opcode, ty, x));

    private Value Binary(Opcode opcode, IrType ty, Value x, Value y) => Make(InstructionData.Binary(opcode, ty, x, y));

    private Value Binary(Opcode opcode, IrType ty, Value x, long k) => Binary(opcode, ty, x, Iconst(ty, k));

    private Value Compare(IntCC cc, Value x, Value y) => Make(InstructionData.IntCompare(Opcode.Icmp, _dfg.TypeOf(x), cc, x, y));

    private Value Compare(IntCC cc, Value x, long k) => Compare(cc, x, Iconst(_dfg.TypeOf(x), k));

    private Value Compare(FloatCC cc, Value x, Value y) => Make(InstructionData.FloatCompare(Opcode.Fcmp, _dfg.TypeOf(x), cc, x, y));

    private Value Choose(IrType ty, Value c, Value x, Value y) => Make(InstructionData.Ternary(Opcode.Select, ty, c, x, y));

    /// <summary>A shift or rotation by a constant. Amounts have the type of what is shifted if a constant can have it.</summary>
    private Value Shift(Opcode opcode, IrType ty, Value x, int k) => Make(InstructionData.Binary(opcode, ty, x, Iconst(ty.Bits <= 64 ? ty : IrType.I64, k)));

    /// <summary>An integer made wider or narrower, with zeros, or as it is.</summary>
    private Value Resize(IrType ty, Value x)
    {
        int from = _dfg.TypeOf(x).Bits;
        return from == ty.Bits ? x : Unary(from < ty.Bits ? Opcode.Uextend : Opcode.Ireduce, ty, x);
    }

    // ---- numbers

    private static long SignExtend(long k, int bits) => bits >= 64 ? k : (k << (64 - bits)) >> (64 - bits);

    private static ulong Mask(int bits) => bits >= 64 ? ulong.MaxValue : (1UL << bits) - 1;

    private static ulong Unsigned(long k, int bits) => (ulong)k & Mask(bits);

    private static long SignedMin(int bits) => long.MinValue >> (64 - bits);

    private static long SignedMax(int bits) => long.MaxValue >> (64 - bits);

    private static bool IsPowerOfTwo(long k, int bits, out int log2)
    {
        ulong value = Unsigned(k, bits);
        log2 = BitOperations.TrailingZeroCount(value);
        return BitOperations.IsPow2(value);
    }

    // ---- facts

    /// <summary>
    /// An upper bound of the number of bits, from the lowest, that can be set in a scalar integer. Looks back over a few definitions only.
    /// </summary>
    private int ActiveBits(Value value, int lookback = MaxLookback)
    {
        int bits = _dfg.TypeOf(value).Bits;
        Inst def = _dfg.DefInst(value);
        if (def.IsNone || bits > 128)
        {
            return bits;
        }

        InstructionData data = _dfg[def];
        if (lookback == 0 && data.Opcode is not (Opcode.Iconst or Opcode.Icmp or Opcode.Fcmp))
        {
            return bits;
        }

        lookback--;
        switch (data.Opcode)
        {
            case Opcode.Iconst:
                return 64 - BitOperations.LeadingZeroCount(Unsigned(data.Imm, bits));
            case Opcode.Icmp or Opcode.Fcmp:
                return data.Type.IsScalar ? 1 : bits;
            case Opcode.VanyTrue or Opcode.VallTrue:
                return 1;
            case Opcode.Uload8:
                return 8;
            case Opcode.Uload16:
                return 16;
            case Opcode.Uload32:
                return 32;
            case Opcode.Uextend:
                return ActiveBits(data.Arg0, lookback);
            case Opcode.Ireduce:
                return Math.Min(bits, ActiveBits(data.Arg0, lookback));
            case Opcode.Band when data.Type.IsInt:
            case Opcode.Umin when data.Type.IsInt:
                return Math.Min(ActiveBits(data.Arg0, lookback), ActiveBits(data.Arg1, lookback));
            case Opcode.Bor when data.Type.IsInt:
            case Opcode.Bxor when data.Type.IsInt:
            case Opcode.Umax when data.Type.IsInt:
                return Math.Max(ActiveBits(data.Arg0, lookback), ActiveBits(data.Arg1, lookback));
            case Opcode.Select when data.Type.IsInt:
                return Math.Max(ActiveBits(data.Arg1, lookback), ActiveBits(data.Arg2, lookback));
            case Opcode.Ushr when data.Type.IsInt && IsConst(data.Arg1, out long k):
                return Math.Max(0, ActiveBits(data.Arg0, lookback) - ((int)k & (bits - 1)));
            case Opcode.Ishl when data.Type.IsInt && IsConst(data.Arg1, out long k):
                return Math.Min(bits, ActiveBits(data.Arg0, lookback) + ((int)k & (bits - 1)));
            case Opcode.Iadd when data.Type.IsInt:
                return Math.Min(bits, Math.Max(ActiveBits(data.Arg0, lookback), ActiveBits(data.Arg1, lookback)) + 1);
            case Opcode.Imul when data.Type.IsInt:
                return Math.Min(bits, ActiveBits(data.Arg0, lookback) + ActiveBits(data.Arg1, lookback));
            case Opcode.Udiv:
                return ActiveBits(data.Arg0, lookback);
            case Opcode.Urem:
                return Math.Min(ActiveBits(data.Arg0, lookback), ActiveBits(data.Arg1, lookback));
            case Opcode.Popcnt or Opcode.Clz or Opcode.Ctz or Opcode.Cls when data.Type.IsInt:
                return BitOperations.Log2((uint)bits) + 1;
            case Opcode.UaddOverflow or Opcode.SaddOverflow or Opcode.UsubOverflow or Opcode.SsubOverflow or Opcode.UmulOverflow or Opcode.SmulOverflow
                or Opcode.UaddOverflowCin or Opcode.SaddOverflowCin or Opcode.UsubOverflowBin or Opcode.SsubOverflowBin:
                return _dfg.DefNumber(value) == 1 ? 1 : bits;
            default:
                return bits;
        }
    }

    /// <summary>Whether a value is 0 or 1.</summary>
    private bool IsBool(Value value) => ActiveBits(value) <= 1;

    /// <summary>
    /// The complement of a value that is 0 or 1, if it is a comparison or itself the complement of one: then it costs nothing.
    /// </summary>
    private bool TryInvert(Value c, out Value inverted)
    {
        // not (icmp cc x, y)                                  => icmp !cc x, y
        if (Is(c, Opcode.Icmp, out InstructionData data) && data.Type.IsScalar)
        {
            inverted = Make(data with { Aux = (ushort)data.IntCC.Complement() });
            return true;
        }

        // not (fcmp cc x, y)                                  => fcmp !cc x, y
        if (Is(c, Opcode.Fcmp, out data) && data.Type.IsScalar)
        {
            inverted = Make(data with { Aux = (ushort)data.FloatCC.Complement() });
            return true;
        }

        // not (bxor x, 1)                                     => x
        inverted = default;
        return IsWithConst(c, Opcode.Bxor, out inverted, out long k) && k == 1 && IsBool(inverted);
    }
}
