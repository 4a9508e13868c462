// Registers before or after one instruction, as the guest program of GuestProgram loads and stores them.
using System;
using System.Runtime.Intrinsics;
using MiniJit.Coherence.Machine;

namespace MiniJit.Coherence.Tests.Fidelity;

internal sealed class GuestState
{
    public const int Bytes = 800;

    /// <summary>Index of the stack pointer among the general registers, of v0's lower half, and of the system registers.</summary>
    public const int StackPointer = 31, Vectors = 32, Flags = 97, FloatControl = 98, FloatStatus = 99;

    /// <summary>x0–x30, sp, v0–v31 in halves, one word unused, NZCV, FPCR, FPSR.</summary>
    public ulong[] Words { get; } = new ulong[Bytes / 8];

    public static string NameOf(int word) => word switch
    {
        < StackPointer => $"x{word}",
        StackPointer => "sp",
        < Flags - 1 => $"v{(word - Vectors) / 2}.d[{word & 1}]",
        Flags => "nzcv",
        FloatControl => "fpcr",
        FloatStatus => "fpsr",
        _ => "?",
    };

    public GuestState Copy()
    {
        GuestState copy = new();
        Words.CopyTo(copy.Words, 0);
        return copy;
    }

    public CoreState ToCore()
    {
        CoreState core = default;
        for (int i = 0; i <= StackPointer; i++)
        {
            core.General[i] = Words[i];
        }

        for (int i = 0; i < 32; i++)
        {
            core.Vectors[i] = Vector128.Create(Words[Vectors + (2 * i)], Words[Vectors + (2 * i) + 1]).AsByte();
        }

        core.Flags = (ConditionFlags)(Words[Flags] >> 28);
        core.FloatControl = (uint)Words[FloatControl];
        core.FloatStatus = (uint)Words[FloatStatus];
        return core;
    }

    public void CopyFrom(in CoreState core)
    {
        for (int i = 0; i <= StackPointer; i++)
        {
            Words[i] = core.General[i];
        }

        for (int i = 0; i < 32; i++)
        {
            Vector128<ulong> register = core.Vectors[i].AsUInt64();
            Words[Vectors + (2 * i)] = register[0];
            Words[Vectors + (2 * i) + 1] = register[1];
        }

        Words[Flags] = (ulong)core.Flags << 28;
        Words[FloatControl] = core.FloatControl;
        Words[FloatStatus] = core.FloatStatus;
    }
}
