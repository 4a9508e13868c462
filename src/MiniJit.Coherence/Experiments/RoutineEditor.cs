// Puts mistakes into the runtime's cache routines. A routine is decoded, changed as a list of instructions and encoded again: in its place
// if it still fits there, otherwise behind the others with a branch where it was. Branches follow the instruction that they lead to.
using System;
using System.Collections.Generic;
using MiniJit.Backend.Arm64;
using MiniJit.IR;
using MiniJit.Runtime.Publication;

namespace MiniJit.Coherence.Experiments;

/// <summary>An instruction of a routine.</summary>
internal sealed class RoutineLine
{
    public RoutineLine(A64Instruction instruction) => Instruction = instruction;

    /// <summary>An instruction from its text.</summary>
    public RoutineLine(string text)
    {
        if (!Decode.TryInstruction(GuestCode.Assemble(text)[0], out Instruction))
        {
            throw new CompilerBugException("experiments", $"cannot decode '{text}'");
        }
    }

    public A64Instruction Instruction;

    /// <summary>Where it branches to, if it does.</summary>
    public RoutineLine? Target;
}

internal sealed class RoutineEditor
{
    private readonly List<uint> _words = [.. Arm64CacheRoutines.Words];

    public uint[] Words => [.. _words];

    /// <summary>The runtime's routines with a change in some of them.</summary>
    /// <param name="change">What becomes of a routine's instructions.</param>
    /// <param name="entries">Positions of the routines to change, from <see cref="Arm64CacheRoutines"/>.</param>
    public static uint[] Edit(Action<List<RoutineLine>> change, params ReadOnlySpan<int> entries)
    {
        RoutineEditor editor = new();
        foreach (int entry in entries)
        {
            editor.Change(entry, change);
        }

        return editor.Words;
    }

    /// <summary>Changes a routine.</summary>
    public void Change(int entry, Action<List<RoutineLine>> change)
    {
        List<RoutineLine> lines = Read(entry);
        int place = lines.Count;
        change(lines);
        if (lines.Count <= place)
        {
            Write(entry, lines);
            return;
        }

        int end = _words.Count;
        _words.AddRange(new uint[lines.Count]);
        Write(end, lines);
        _words[entry] = Encode.Instruction(new A64Instruction(A64Form.B, 0) { Imm = (end - entry) * (long)sizeof(uint) });
    }

    /// <summary>The first instruction of a form.</summary>
    public static int Find(List<RoutineLine> lines, A64Form form)
    {
        int index = lines.FindIndex(line => line.Instruction.Form == form);
        return index >= 0 ? index : throw new CompilerBugException("experiments", $"a cache routine has no {form}");
    }

    private List<RoutineLine> Read(int entry)
    {
        List<RoutineLine> lines = [];
        do
        {
            lines.Add(Decode.TryInstruction(_words[entry + lines.Count], out A64Instruction instruction)
                ? new(instruction)
                : throw new CompilerBugException("experiments", "a cache routine cannot be decoded"));
        }
        while (lines[^1].Instruction.Form != A64Form.Ret);
        for (int i = 0; i < lines.Count; i++)
        {
            if (lines[i].Instruction.Form is A64Form.B or A64Form.BCond)
            {
                lines[i].Target = lines[i + (int)(lines[i].Instruction.Imm / sizeof(uint))];
            }
        }

        return lines;
    }

    private void Write(int entry, List<RoutineLine> lines)
    {
        for (int i = 0; i < lines.Count; i++)
        {
            if (lines[i].Target is { } target)
            {
                lines[i].Instruction.Imm = (lines.IndexOf(target) - i) * (long)sizeof(uint);
            }

            _words[entry + i] = Encode.Instruction(lines[i].Instruction);
        }
    }
}
