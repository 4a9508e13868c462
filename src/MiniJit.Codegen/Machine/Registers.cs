// The register vocabulary that backends, allocators and emission share. A physical register is a number
// below 64 (integer registers 0–31, float/vector registers 32–63), so a set of them is one 64-bit word.
using System;
using System.Numerics;

namespace MiniJit.Codegen.Machine;

/// <summary>The two register files that the allocator knows.</summary>
internal enum RegClass : byte
{
    /// <summary>General-purpose registers: integers up to 64 bits and addresses.</summary>
    Int,

    /// <summary>Float and vector registers: f16 to f128 and vectors up to 128 bits.</summary>
    Float,
}

/// <summary>A virtual register, defined exactly once in a <see cref="VCode"/>. <c>default</c> is "no register".</summary>
internal readonly record struct VReg
{
    private readonly uint _raw;                                // (index * 2 + class) + 1

    public VReg(int index, RegClass regClass) => _raw = (((uint)index << 1) | (uint)regClass) + 1;

    public int Index => (int)((_raw - 1) >> 1);

    public RegClass Class => (RegClass)((_raw - 1) & 1);

    public bool IsNone => _raw == 0;

    public override string ToString() => IsNone ? "%?" : Class == RegClass.Int ? $"%i{Index}" : $"%f{Index}";
}

/// <summary>A physical register: 0–31 integer, 32–63 float/vector, in the ISA's own encoding order.</summary>
internal readonly record struct PReg(byte Number)
{
    public static PReg Int(int encoding) => new((byte)encoding);

    public static PReg Float(int encoding) => new((byte)(encoding + 32));

    /// <summary>The number the ISA's instruction fields use.</summary>
    public int Encoding => Number & 31;

    public RegClass Class => (RegClass)(Number >> 5);

    public override string ToString() => Class == RegClass.Int ? $"p{Encoding}i" : $"p{Encoding}f";
}

/// <summary>A set of physical registers.</summary>
internal readonly record struct RegSet(ulong Bits)
{
    public static RegSet Empty => default;

    public int Count => BitOperations.PopCount(Bits);

    public bool IsEmpty => Bits == 0;

    public bool Contains(PReg register) => ((Bits >> register.Number) & 1) != 0;

    public RegSet With(PReg register) => new(Bits | (1ul << register.Number));

    public RegSet Without(PReg register) => new(Bits & ~(1ul << register.Number));

    public PReg First => new((byte)BitOperations.TrailingZeroCount(Bits));

    public RegSet WithoutFirst => new(Bits & (Bits - 1));

    public static RegSet operator |(RegSet a, RegSet b) => new(a.Bits | b.Bits);

    public static RegSet operator &(RegSet a, RegSet b) => new(a.Bits & b.Bits);

    public static RegSet operator -(RegSet a, RegSet b) => new(a.Bits & ~b.Bits);

    /// <summary>The registers <paramref name="first"/> to <paramref name="last"/>, both included.</summary>
    public static RegSet Range(PReg first, PReg last)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(last.Number, first.Number, nameof(last));
        return new((ulong.MaxValue >> (63 - last.Number)) & (ulong.MaxValue << first.Number));
    }
}

/// <summary>
/// What an allocator may use, stated once per (target, calling convention) and shared between threads.
/// Registers in none of the lists (stack pointer, frame pointer, pinned register …) are never touched.
/// </summary>
/// <param name="CallerSaved">Free to use, lost over calls; tried first, in order, per class.</param>
/// <param name="CalleeSaved">Cost a save and a restore in the prologue and epilogue on first use.</param>
/// <param name="IntScratch">Never allocated; breaks cycles and stack-to-stack moves of the integer class.</param>
/// <param name="FloatScratch">The same for the float class.</param>
internal sealed record MachineEnvironment(PReg[] CallerSaved, PReg[] CalleeSaved, PReg IntScratch, PReg FloatScratch);
