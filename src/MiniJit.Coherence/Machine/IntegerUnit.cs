// Data processing on general registers, written for clarity: one method, straight from the manual (Arm ARM C6). The dispatch loop has
// micro-ops of its own for what is frequent; what is not is executed here, and tests hold both against each other.
using System;
using System.Buffers.Binary;
using System.Numerics;
using MiniJit.Backend.Arm64;
using MiniJit.IR;

namespace MiniJit.Coherence.Machine;

internal static unsafe class IntegerUnit
{
    /// <summary>As <see cref="FloatUnit.Bind"/>. Adr and adrp, which need the program counter's place, are not among them.</summary>
    public static delegate*<ref CoreState, in A64Instruction, void> Bind(in A64Instruction instruction) =>
        instruction.Form is >= A64Form.AddImm and <= A64Form.Cls ? &Execute : null;

    private static void Execute(ref CoreState state, in A64Instruction i)
    {
        bool is64 = i.Size == 8;
        int bits = is64 ? 64 : 32;
        ulong mask = is64 ? ulong.MaxValue : uint.MaxValue;
        ulong n = state.ReadX(i.Rn) & mask, m = state.ReadX(i.Rm) & mask, a = state.ReadX(i.Ra) & mask;
        ulong nSp = state.ReadXOrStackPointer(i.Rn) & mask;
        ulong imm12 = (ulong)i.Imm << (12 * i.Aux);
        bool carry = (state.Flags & ConditionFlags.Carry) != 0;
        switch (i.Form)
        {
            case A64Form.AddImm:
                state.WriteXOrStackPointer(i.Rd, (nSp + imm12) & mask);
                return;
            case A64Form.SubImm:
                state.WriteXOrStackPointer(i.Rd, (nSp - imm12) & mask);
                return;
            case A64Form.AddsImm:
                state.WriteX(i.Rd, AddWithCarry(ref state, nSp, imm12, false, bits));
                return;
            case A64Form.SubsImm:
                state.WriteX(i.Rd, AddWithCarry(ref state, nSp, ~imm12, true, bits));
                return;
            case A64Form.AndImm:
                state.WriteXOrStackPointer(i.Rd, n & (ulong)i.Imm);
                return;
            case A64Form.OrrImm:
                state.WriteXOrStackPointer(i.Rd, n | (ulong)i.Imm);
                return;
            case A64Form.EorImm:
                state.WriteXOrStackPointer(i.Rd, n ^ (ulong)i.Imm);
                return;
            case A64Form.AndsImm:
                state.WriteX(i.Rd, Logic(ref state, n & (ulong)i.Imm, bits));
                return;
            case A64Form.Movz:
                state.WriteX(i.Rd, (ulong)i.Imm << (16 * i.Aux));
                return;
            case A64Form.Movn:
                state.WriteX(i.Rd, ~((ulong)i.Imm << (16 * i.Aux)) & mask);
                return;
            case A64Form.Movk:
                state.WriteX(i.Rd, ((state.ReadX(i.Rd) & ~(0xFFFFul << (16 * i.Aux))) | ((ulong)i.Imm << (16 * i.Aux))) & mask);
                return;
            case A64Form.Sbfm or A64Form.Bfm or A64Form.Ubfm:
                state.WriteX(i.Rd, BitField(i, n, state.ReadX(i.Rd), bits) & mask);
                return;
            case A64Form.Extr:
                state.WriteX(i.Rd, (ulong)(((((UInt128)n << bits) | m) >> (int)i.Imm) & mask));
                return;
            case A64Form.AddShifted:
                state.WriteX(i.Rd, (n + Shifted(i, m, bits)) & mask);
                return;
            case A64Form.SubShifted:
                state.WriteX(i.Rd, (n - Shifted(i, m, bits)) & mask);
                return;
            case A64Form.AddsShifted:
                state.WriteX(i.Rd, AddWithCarry(ref state, n, Shifted(i, m, bits), false, bits));
                return;
            case A64Form.SubsShifted:
                state.WriteX(i.Rd, AddWithCarry(ref state, n, ~Shifted(i, m, bits), true, bits));
                return;
            case >= A64Form.And and <= A64Form.Bics:
                ulong logical = Logical(i.Form, n, Shifted(i, m, bits)) & mask;
                state.WriteX(i.Rd, i.Form is A64Form.Ands or A64Form.Bics ? Logic(ref state, logical, bits) : logical);
                return;
            case A64Form.AddExtended:
                state.WriteXOrStackPointer(i.Rd, (nSp + Extended(i, m)) & mask);
                return;
            case A64Form.SubExtended:
                state.WriteXOrStackPointer(i.Rd, (nSp - Extended(i, m)) & mask);
                return;
            case A64Form.AddsExtended:
                state.WriteX(i.Rd, AddWithCarry(ref state, nSp, Extended(i, m), false, bits));
                return;
            case A64Form.SubsExtended:
                state.WriteX(i.Rd, AddWithCarry(ref state, nSp, ~Extended(i, m), true, bits));
                return;
            case A64Form.Adc:
                state.WriteX(i.Rd, (n + m + (carry ? 1ul : 0)) & mask);
                return;
            case A64Form.Sbc:
                state.WriteX(i.Rd, (n + ~m + (carry ? 1ul : 0)) & mask);
                return;
            case A64Form.Adcs:
                state.WriteX(i.Rd, AddWithCarry(ref state, n, m, carry, bits));
                return;
            case A64Form.Sbcs:
                state.WriteX(i.Rd, AddWithCarry(ref state, n, ~m, carry, bits));
                return;
            case A64Form.CcmnReg or A64Form.CcmpReg or A64Form.CcmnImm or A64Form.CcmpImm:
                ConditionalCompare(ref state, i, n, i.Form is A64Form.CcmnReg or A64Form.CcmpReg ? m : (ulong)i.Imm, bits);
                return;
            case A64Form.Csel or A64Form.Csinc or A64Form.Csinv or A64Form.Csneg:
                ulong otherwise = i.Form switch
                {
                    A64Form.Csel => m,
                    A64Form.Csinc => m + 1,
                    A64Form.Csinv => ~m,
                    _ => 0 - m,
                };
                state.WriteX(i.Rd, (Conditions.Holds(i.Cond, state.Flags) ? n : otherwise) & mask);
                return;
            case A64Form.Madd or A64Form.Msub or A64Form.Udiv or A64Form.Sdiv or A64Form.Lslv or A64Form.Lsrv or A64Form.Asrv or A64Form.Rorv
                or A64Form.Rbit or A64Form.Rev16 or A64Form.Clz or A64Form.Cls:
                state.WriteX(i.Rd, Arithmetic(i, n, m, a, bits) & mask);
                return;
            default:
                state.WriteX(i.Rd, FixedSize(i, state.ReadX(i.Rn), state.ReadX(i.Rm), state.ReadX(i.Ra)));
                return;
        }
    }

    /// <summary>Multiplication, division, variable shifts and operations with one source, of either size.</summary>
    private static ulong Arithmetic(in A64Instruction i, ulong n, ulong m, ulong a, int bits)
    {
        bool is64 = bits == 64;
        int amount = (int)m & (bits - 1);
        switch (i.Form)
        {
            case A64Form.Madd:
                return a + (n * m);
            case A64Form.Msub:
                return a - (n * m);
            case A64Form.Udiv:
                return m == 0 ? 0 : n / m;
            case A64Form.Sdiv:
                Int128 dividend = is64 ? (long)n : (int)n, divisor = is64 ? (long)m : (int)m;
                return divisor == 0 ? 0 : unchecked((ulong)(dividend / divisor));
            case A64Form.Lslv:
                return n << amount;
            case A64Form.Lsrv:
                return n >> amount;
            case A64Form.Asrv:
                return is64 ? (ulong)((long)n >> amount) : (ulong)((int)n >> amount);
            case A64Form.Rorv:
                return is64 ? BitOperations.RotateRight(n, amount) : BitOperations.RotateRight((uint)n, amount);
            case A64Form.Rbit:
                return ReverseBits(n) >> (64 - bits);
            case A64Form.Rev16:
                return ((n & 0x00FF_00FF_00FF_00FF) << 8) | ((n >> 8) & 0x00FF_00FF_00FF_00FF);
            case A64Form.Clz:
                return (ulong)(BitOperations.LeadingZeroCount(n) - (64 - bits));
            default:
                long sign = is64 ? (long)n : (int)n;
                return (ulong)(BitOperations.LeadingZeroCount((ulong)(sign ^ (sign >> 63))) - (64 - bits) - 1);
        }
    }

    /// <summary>Forms that have one size, in their names.</summary>
    private static ulong FixedSize(in A64Instruction i, ulong n, ulong m, ulong a) => i.Form switch
    {
        A64Form.Smaddl => a + (ulong)((long)(int)n * (int)m),
        A64Form.Smsubl => a - (ulong)((long)(int)n * (int)m),
        A64Form.Umaddl => a + ((ulong)(uint)n * (uint)m),
        A64Form.Umsubl => a - ((ulong)(uint)n * (uint)m),
        A64Form.Smulh => (ulong)(((Int128)(long)n * (long)m) >> 64),
        A64Form.Umulh => (ulong)(((UInt128)n * m) >> 64),
        A64Form.RevW => BinaryPrimitives.ReverseEndianness((uint)n),
        A64Form.Rev32 => BitOperations.RotateRight(BinaryPrimitives.ReverseEndianness(n), 32),
        A64Form.RevX => BinaryPrimitives.ReverseEndianness(n),
        A64Form.Crc32b => Checksum(0xEDB8_8320, (uint)n, m, 8),
        A64Form.Crc32h => Checksum(0xEDB8_8320, (uint)n, m, 16),
        A64Form.Crc32w => Checksum(0xEDB8_8320, (uint)n, m, 32),
        A64Form.Crc32x => Checksum(0xEDB8_8320, (uint)n, m, 64),
        A64Form.Crc32cb => Checksum(0x82F6_3B78, (uint)n, m, 8),
        A64Form.Crc32ch => Checksum(0x82F6_3B78, (uint)n, m, 16),
        A64Form.Crc32cw => Checksum(0x82F6_3B78, (uint)n, m, 32),
        A64Form.Crc32cx => Checksum(0x82F6_3B78, (uint)n, m, 64),
        _ => throw new CompilerBugException("machine", $"{i.Form} is not data processing on general registers"),
    };

    /// <summary>Bit by bit with the reflected polynomial.</summary>
    private static uint Checksum(uint polynomial, uint sum, ulong data, int bits)
    {
        for (int bit = 0; bit < bits; bit++)
        {
            uint differs = (sum ^ (uint)(data >> bit)) & 1;
            sum = (sum >> 1) ^ (differs * polynomial);
        }

        return sum;
    }

    private static ulong ReverseBits(ulong value)
    {
        ulong result = 0;
        for (int bit = 0; bit < 64; bit++)
        {
            result = (result << 1) | ((value >> bit) & 1);
        }

        return result;
    }

    private static ulong Logical(A64Form form, ulong n, ulong m) => form switch
    {
        A64Form.And or A64Form.Ands => n & m,
        A64Form.Bic or A64Form.Bics => n & ~m,
        A64Form.Orr => n | m,
        A64Form.Orn => n | ~m,
        A64Form.Eor => n ^ m,
        _ => n ^ ~m,
    };

    private static ulong Shifted(in A64Instruction i, ulong m, int bits)
    {
        int amount = (int)i.Imm;
        return (Shift)i.Aux switch
        {
            Shift.Lsl => m << amount,
            Shift.Lsr => m >> amount,
            Shift.Asr => bits == 64 ? (ulong)((long)m >> amount) : (uint)((int)m >> amount),
            _ => bits == 64 ? BitOperations.RotateRight(m, amount) : BitOperations.RotateRight((uint)m, amount),
        } & (bits == 64 ? ulong.MaxValue : uint.MaxValue);
    }

    private static ulong Extended(in A64Instruction i, ulong m) => (Extend)i.Aux switch
    {
        Extend.Uxtb => (byte)m,
        Extend.Uxth => (ushort)m,
        Extend.Uxtw => (uint)m,
        Extend.Sxtb => (ulong)(sbyte)m,
        Extend.Sxth => (ulong)(short)m,
        Extend.Sxtw => (ulong)(int)m,
        _ => m,
    } << (int)i.Imm;

    private static ulong BitField(in A64Instruction i, ulong source, ulong target, int bits)
    {
        int immr = (int)i.Imm, imms = i.Aux;
        bool extracts = imms >= immr;
        int width = extracts ? imms - immr + 1 : imms + 1, position = extracts ? 0 : bits - immr;
        ulong field = (extracts ? source >> immr : source) & (width == 64 ? ulong.MaxValue : (1ul << width) - 1);
        ulong mask = (width == 64 ? ulong.MaxValue : (1ul << width) - 1) << position;
        return i.Form switch
        {
            A64Form.Ubfm => field << position,
            A64Form.Bfm => (target & ~mask) | (field << position),
            _ => (ulong)((long)(field << (64 - width)) >> (64 - width)) << position,
        };
    }

    private static void ConditionalCompare(ref CoreState state, in A64Instruction i, ulong n, ulong operand, int bits)
    {
        if (!Conditions.Holds(i.Cond, state.Flags))
        {
            state.Flags = (ConditionFlags)i.Aux;
        }
        else if (i.Form is A64Form.CcmnReg or A64Form.CcmnImm)
        {
            AddWithCarry(ref state, n, operand, false, bits);
        }
        else
        {
            AddWithCarry(ref state, n, ~operand, true, bits);
        }
    }

    private static ulong Logic(ref CoreState state, ulong result, int bits)
    {
        state.Flags = (result == 0 ? ConditionFlags.Zero : ConditionFlags.None)
            | ((result >> (bits - 1)) != 0 ? ConditionFlags.Negative : ConditionFlags.None);
        return result;
    }

    /// <summary>The manual's AddWithCarry(), flags included.</summary>
    private static ulong AddWithCarry(ref CoreState state, ulong x, ulong y, bool carry, int bits)
    {
        ulong mask = bits == 64 ? ulong.MaxValue : uint.MaxValue;
        x &= mask;
        y &= mask;
        UInt128 sum = (UInt128)x + y + (carry ? 1u : 0u);
        ulong result = (ulong)sum & mask, top = 1ul << (bits - 1);
        state.Flags = (result == 0 ? ConditionFlags.Zero : ConditionFlags.None)
            | ((result & top) != 0 ? ConditionFlags.Negative : ConditionFlags.None)
            | (sum >> bits != 0 ? ConditionFlags.Carry : ConditionFlags.None)
            | ((~(x ^ y) & (x ^ result) & top) != 0 ? ConditionFlags.Overflow : ConditionFlags.None);
        return result;
    }
}
