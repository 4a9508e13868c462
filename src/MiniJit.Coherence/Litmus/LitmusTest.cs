// A litmus test: a few threads of a few instructions, an initial state, and a question about the final ones. Everything is a number,
// as on a machine: variables and instructions have addresses, instructions are words, so a stored instruction and a loaded
// label need no representation of their own.
using System;
using System.Collections.Generic;
using System.Text;
using MiniJit.Backend.Arm64;

namespace MiniJit.Coherence.Litmus;

/// <summary>Which question the test asks.</summary>
internal enum LitmusQuantifier : byte
{
    /// <summary>Is there an execution that ends like this?</summary>
    Exists,

    /// <summary>Is there none?</summary>
    NotExists,

    /// <summary>Do all end like this?</summary>
    ForAll,
}

/// <summary>What a state is asked about: a register of a thread, or a variable.</summary>
/// <param name="Thread">The thread, or −1 for a variable.</param>
/// <param name="Register">The register's number.</param>
/// <param name="Name">The variable's name.</param>
/// <param name="Address">The variable's address.</param>
internal readonly record struct LitmusPlace(int Thread, int Register, string Name, ulong Address)
{
    /// <summary>In place of a register: where the thread took its last exception, 0 if nowhere.</summary>
    public const int Fault = 32;

    public override string ToString() => Thread < 0 ? $"[{Name}]" : Register == Fault ? $"fault(P{Thread})" : $"{Thread}:X{Register}";
}

internal enum LitmusOperator : byte
{
    True,
    Equals,
    Not,
    And,
    Or,
}

/// <summary>A node of the condition: place = value, or an operator over one or two nodes.</summary>
internal sealed record LitmusCondition(LitmusOperator Operator, int Place, ulong Value, LitmusCondition? Left, LitmusCondition? Right)
{
    /// <summary>Whether a final state satisfies the condition.</summary>
    /// <param name="values">The value of each place of the test.</param>
    public bool Holds(ReadOnlySpan<ulong> values) => Operator switch
    {
        LitmusOperator.True => true,
        LitmusOperator.Equals => values[Place] == Value,
        LitmusOperator.Not => !Left!.Holds(values),
        LitmusOperator.And => Left!.Holds(values) && Right!.Holds(values),
        _ => Left!.Holds(values) || Right!.Holds(values),
    };
}

/// <summary>Instructions that follow each other: a thread's, or its fault handler's.</summary>
/// <param name="First">Position of the first in <see cref="LitmusTest.Words"/>.</param>
/// <param name="Count">Their number; one more position marks the end.</param>
internal readonly record struct LitmusRegion(int First, int Count);

/// <summary>A register before the test begins.</summary>
internal readonly record struct LitmusRegister(int Thread, int Register, ulong Value);

/// <summary>A variable before the test begins.</summary>
internal readonly record struct LitmusVariable(string Name, ulong Address, ulong Value);

internal sealed class LitmusTest
{
    /// <summary>Address of the first instruction; the position of an instruction times 4 is added.</summary>
    public const ulong CodeBase = 0x10_0000;

    /// <summary>Address of the first variable; each has a cache line of its own.</summary>
    public const ulong DataBase = 0x20_0000, DataStep = 128;

    public string Name { get; set; } = "";

    /// <summary>CTR_EL0.IDC: instruction fetch sees cleaned data without DC CVAU.</summary>
    public bool DataCoherent { get; set; }

    /// <summary>CTR_EL0.DIC: instruction caches follow without IC IVAU.</summary>
    public bool InstructionCoherent { get; set; }

    /// <summary>One region per thread.</summary>
    public List<LitmusRegion> Threads { get; } = [];

    /// <summary>The fault handler of each thread; empty if it has none.</summary>
    public List<LitmusRegion> Handlers { get; } = [];

    /// <summary>All instructions, region after region; ends of regions are 0.</summary>
    public List<uint> Words { get; } = [];

    /// <summary>Labels by "P0:name".</summary>
    public Dictionary<string, ulong> Labels { get; } = [];

    /// <summary>Positions that indirect branches may go to; empty: all those whose addresses the initial state holds.</summary>
    public List<int> Entries { get; } = [];

    /// <summary>Other positions that indirect branches turned out to go to.</summary>
    public List<short> Guesses { get; } = [];

    public List<LitmusRegister> Registers { get; } = [];

    public List<LitmusVariable> Variables { get; } = [];

    public LitmusQuantifier Quantifier { get; set; }

    /// <summary>What the condition and the <c>locations</c> line ask about, in order of appearance.</summary>
    public List<LitmusPlace> Places { get; } = [];

    public LitmusCondition Condition { get; set; } = null!;

    /// <summary>The condition as the file writes it.</summary>
    public string ConditionText { get; set; } = "";

    public static ulong AddressOf(int position) => CodeBase + ((ulong)position * 4);

    /// <summary>The position of an instruction by its address, or −1.</summary>
    public int PositionOf(ulong address)
    {
        ulong offset = address - CodeBase;
        return (offset & 3) == 0 && offset / 4 < (ulong)Words.Count ? (int)(offset / 4) : -1;
    }

    /// <summary>A value as states show it: labels and instructions by name where the test asks for them so.</summary>
    public string Format(ulong value)
    {
        foreach ((string name, ulong address) in Labels)
        {
            if (address == value)
            {
                return $"label:\"{name}\"";
            }
        }

        foreach (LitmusVariable variable in Variables)
        {
            if (variable.Address == value)
            {
                return variable.Name;
            }
        }

        bool isInstruction = value > ushort.MaxValue && value <= uint.MaxValue && Decode.TryInstruction((uint)value, out _);
        if (isInstruction && Decode.TryInstruction((uint)value, out A64Instruction instruction))
        {
            return $"instr:\"{LitmusAssembler.Format(instruction)}\"";
        }

        return value.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>A final state in one line.</summary>
    public string FormatState(ReadOnlySpan<ulong> values)
    {
        StringBuilder text = new();
        for (int i = 0; i < Places.Count; i++)
        {
            text.Append(i == 0 ? "" : " ").Append(Places[i].ToString()).Append('=').Append(Format(values[i])).Append(';');
        }

        return text.ToString();
    }
}
