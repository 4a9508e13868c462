// What a program can see of a core: the registers of AArch64 at EL0 (Arm ARM B1.2), laid out so that a decoded operand is an index
// into one array whether it names a register, the stack pointer or the zero register.
//
// Nothing here knows memory, fetch or time: a CoreState is copied to start a thread, compared in tests and saved by the scheduler.
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using MiniJit.Coherence.Arithmetic;

namespace MiniJit.Coherence.Machine;

/// <summary>
/// x0–x30, then <see cref="CoreState.StackPointer"/>, <see cref="CoreState.ZeroRegister"/>, <see cref="CoreState.Discard"/> and the flags.
/// </summary>
[InlineArray(38)]
internal struct GeneralRegisters
{
    private ulong _first;
}

/// <summary>v0–v31, byte 0 least significant.</summary>
[InlineArray(32)]
internal struct VectorRegisters
{
    private Vector128<byte> _first;
}

/// <summary>Condition flags in the order of PSTATE and of the <c>nzcv</c> field of conditional comparisons.</summary>
[System.Flags]
internal enum ConditionFlags : byte
{
    None = 0,
    Overflow = 1,
    Carry = 2,
    Zero = 4,
    Negative = 8,
}

internal struct CoreState
{
    /// <summary>Where SP lives, always.</summary>
    public const int StackPointer = 31;

    /// <summary>Reads as zero; never written.</summary>
    public const int ZeroRegister = 32;

    /// <summary>Takes what is written to the zero register; never read.</summary>
    public const int Discard = 33;

    /// <summary>
    /// The flags as they are cheapest to write: N is the sign of a word, Z is that a word is zero, C is 0 or 1, V is the sign of a word.
    /// <see cref="Flags"/> packs and unpacks them.
    /// </summary>
    public const int NegativeWord = 34, ZeroWord = 35, CarryWord = 36, OverflowWord = 37;

    // First, so that a pointer to the state points to x0.
    public GeneralRegisters General;
    public VectorRegisters Vectors;

    /// <summary>Address of the next instruction.</summary>
    public ulong Pc;

    /// <summary>TPIDR_EL0: the thread's pointer.</summary>
    public ulong ThreadPointer;

    /// <summary>FPCR and FPSR.</summary>
    public FloatEnvironment Float;

    /// <summary>N, Z, C and V.</summary>
    public ConditionFlags Flags
    {
        readonly get => (ConditionFlags)(((General[NegativeWord] >> 63) << 3) | (General[ZeroWord] == 0 ? 4ul : 0) | (General[CarryWord] << 1) | (General[OverflowWord] >> 63));
        set
        {
            General[NegativeWord] = (ulong)value << 60;
            General[ZeroWord] = ~(ulong)value & (ulong)ConditionFlags.Zero;
            General[CarryWord] = ((ulong)value >> 1) & 1;
            General[OverflowWord] = (ulong)value << 63;
        }
    }

    /// <summary>FPCR as MRS reads and MSR writes it: bits that do not exist stay zero.</summary>
    public uint FloatControl
    {
        readonly get => Float.Control;
        set => Float.Control = value & FloatEnvironment.ControlMask;
    }

    /// <summary>FPSR as MRS reads and MSR writes it.</summary>
    public uint FloatStatus
    {
        readonly get => (uint)Float.Status;
        set => Float.Status = (FloatFlags)value & FloatEnvironment.StatusMask;
    }

    /// <summary>A general register, 31 being the zero register.</summary>
    public readonly ulong ReadX(int register) => register == 31 ? 0 : General[register];

    /// <summary>A general register, 31 being the stack pointer.</summary>
    public readonly ulong ReadXOrStackPointer(int register) => General[register];

    /// <summary>Writes a general register; 31 is the zero register, which keeps its value. A W register is written zero-extended.</summary>
    public void WriteX(int register, ulong value) => General[register == 31 ? Discard : register] = value;

    /// <summary>Writes a general register, 31 being the stack pointer.</summary>
    public void WriteXOrStackPointer(int register, ulong value) => General[register] = value;

    /// <summary>A vector register in place.</summary>
    [UnscopedRef]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref Vector128<byte> V(int register)
    {
        // Without a bounds check: register numbers are fields of five bits.
        Debug.Assert((uint)register < 32);
        return ref Unsafe.Add(ref Unsafe.As<VectorRegisters, Vector128<byte>>(ref Vectors), register);
    }

    /// <summary>The low bits of a vector register as a scalar of type <typeparamref name="T"/> (Bn, Hn, Sn, Dn, Qn).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly T ReadScalar<T>(int register)
        where T : unmanaged => Unsafe.As<Vector128<byte>, T>(ref Unsafe.AsRef(in this).V(register));

    /// <summary>Writes a scalar; the rest of the vector register becomes zero, as every scalar write does.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteScalar<T>(int register, T value)
        where T : unmanaged
    {
        // Doubles and singles get there without a detour through memory or general registers.
        if (typeof(T) == typeof(double))
        {
            V(register) = Vector128.CreateScalar(Unsafe.BitCast<T, double>(value)).AsByte();
        }
        else if (typeof(T) == typeof(float))
        {
            V(register) = Vector128.CreateScalar(Unsafe.BitCast<T, float>(value)).AsByte();
        }
        else
        {
            Vector128<byte> whole = default;
            Unsafe.As<Vector128<byte>, T>(ref whole) = value;
            V(register) = whole;
        }
    }
}
