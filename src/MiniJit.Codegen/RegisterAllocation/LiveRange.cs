// The tables that the phases of the split allocator hand to each other.
//
// Positions: instruction i acts at 2i (early) and 2i + 1 (late); ranges are half open. A value changes its place only
// at even positions, that is between instructions; the one exception is a value that falls back into its spill slot
// right after an early use (see SplitAllocator.Split.cs), which needs no code there.
using System.Runtime.InteropServices;

namespace MiniJit.Codegen.RegisterAllocation;

/// <summary>What a use site asks of the place of its value.</summary>
internal enum SiteKind : byte
{
    /// <summary>Nothing.</summary>
    Any,

    /// <summary>Some register.</summary>
    Reg,

    /// <summary>One register at that instruction; a copy serves if the value lives elsewhere.</summary>
    Fixed,

    /// <summary>A reused input that is copied to the place of the def before the instruction; nothing is asked here.</summary>
    Copied,
}

/// <summary>One mention of a virtual register: an operand, or an argument of a branch.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct UseSite
{
    public int Position;

    /// <summary>Index into the operands of the code, or -1 for a branch argument.</summary>
    public int Operand;

    /// <summary>What it costs, in executions of an instruction at loop depth 0, to have the value in memory here.</summary>
    public float Cost;

    public SiteKind Kind;

    /// <summary>Number of the fixed register.</summary>
    public byte Fixed;

    public bool IsDef;

    /// <summary>Late use or early def: the register is taken at both positions.</summary>
    public bool IsWhole;

    public readonly int Inst => Position >> 1;
}

/// <summary>A stretch of code over which one value lives in one bundle.</summary>
internal struct LiveRange
{
    public int From, To;
    public int VReg;
    public int FirstSite, EndSite;                             // of the sites of the value, those in this range

    /// <summary>Next range of the bundle in ascending order, or -1.</summary>
    public int Next;

    /// <summary>Set when the bundle is placed.</summary>
    public int Bundle;
}

/// <summary>Disjoint ranges, of one or several values, that are given one place together.</summary>
internal struct Bundle
{
    public int FirstRange, LastRange;

    /// <summary>The bundle of the coalescing phase that this one was split from: all of them share one spill slot and a hint.</summary>
    public int Origin;

    /// <summary>Spill cost per instruction covered: who has more, evicts.</summary>
    public float Weight;

    /// <summary>Spill cost. Wide, because splits subtract from it.</summary>
    public double Cost;

    /// <summary>Positions covered, which is the priority.</summary>
    public int Length;

    public int SiteCount;

    /// <summary>Sites that need a register.</summary>
    public int RegSiteCount;

    /// <summary>Registers that fixed sites name, and the one of the dearest site (or -1).</summary>
    public ulong FixedHints;
    public sbyte BestHint;

    /// <summary>The place: a register number, or one of the constants below.</summary>
    public sbyte Place;

    /// <summary>How many splits lie behind this bundle.</summary>
    public ushort Generation;

    public byte Class;

    public readonly bool NeedsReg => RegSiteCount > 0;

    public const sbyte Unplaced = -1;
    public const sbyte InSlot = -2;
}

/// <summary>What is known of a virtual register.</summary>
internal struct VRegInfo
{
    public int FirstSite, EndSite;
    public int FirstRange, RangeCount;                         // contiguous until bundles split them
    public int DefPosition;                                    // of a block parameter: the start of its block
    public int DefBlock;
    public int Bundle;
    public byte Class;
    public bool IsParam;
}
