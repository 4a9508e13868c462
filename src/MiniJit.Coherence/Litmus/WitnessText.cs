// An execution in words, for people: who stored, cleaned, invalidated and fetched what, and which instructions were executed. Steps that explain nothing are left out.
using System;
using System.Collections.Generic;
using System.Globalization;
using MiniJit.Backend.Arm64;
using MiniJit.Coherence.Exploration;

namespace MiniJit.Coherence.Litmus;

/// <param name="test">The test.</param>
/// <param name="notes">What instructions at positions stand for, where that is more than themselves.</param>
internal sealed class WitnessText(LitmusTest test, IReadOnlyDictionary<int, string>? notes = null)
{
    /// <summary>In the lines about instructions that may have been modified.</summary>
    public const string Executes = " executes ";

    private readonly Dictionary<int, ulong> _stored = [];      // the newest instructions, by position

    /// <summary>The lines.</summary>
    public List<string> Describe(IReadOnlyList<TraceStep> steps)
    {
        HashSet<int> modified = [];
        foreach (TraceStep step in steps)
        {
            if (step.Kind == TraceKind.Fetch)
            {
                modified.Add(step.Position);
            }
        }

        // What was executed on a predicted path counts when the load arrives that confirms the prediction.
        List<string> lines = [];
        List<TraceStep> predicted = [];
        _stored.Clear();
        foreach (TraceStep step in steps)
        {
            if (step is { Kind: TraceKind.Store, Position: >= 0 })
            {
                _stored[step.Position] = step.Value;
            }

            if (step is { Kind: TraceKind.Execute, IsAhead: true })
            {
                predicted.Add(step);
                continue;
            }

            Add(lines, step, modified);
            if (step.Kind == TraceKind.Load)
            {
                predicted.ForEach(confirmed => Add(lines, confirmed, modified, step.Core));
                predicted.RemoveAll(confirmed => confirmed.Core == step.Core);
            }
        }

        return lines;
    }

    private void Add(List<string> lines, TraceStep step, HashSet<int> modified, int? core = null)
    {
        string text = step.Kind == TraceKind.Execute ? Execution(step, modified.Contains(step.Position)) : Effect(step);
        if (text.Length != 0 && step.Core == (core ?? step.Core))
        {
            lines.Add($"P{step.Core} {text}");
        }
    }

    /// <summary>The label of an instruction, or of the nearest one before it.</summary>
    public string Name(int position)
    {
        string best = "";
        int distance = int.MaxValue;
        foreach ((string label, ulong address) in test.Labels)
        {
            int offset = position - test.PositionOf(address);
            if (offset >= 0 && offset < distance)
            {
                (best, distance) = (label[(label.IndexOf(':', StringComparison.Ordinal) + 1)..], offset);
            }
        }

        return best.Length == 0 ? $"instruction {position}" : distance == 0 ? best : string.Create(CultureInfo.InvariantCulture, $"{best}+{distance * 4}");
    }

    private static string Instruction(ulong word) => Disassembler.Word((uint)word);

    private string Value(ulong value)
    {
        int position = test.PositionOf(value);
        return position >= 0 ? Name(position) : test.Format(value);
    }

    private string Variable(ulong address)
    {
        foreach (LitmusVariable variable in test.Variables)
        {
            if (variable.Address == address)
            {
                return variable.Name;
            }
        }

        return $"0x{address:x}";
    }

    private string Effect(in TraceStep step)
    {
        string name = step.Position >= 0 ? Name(step.Position) : "";
        switch (step.Kind)
        {
            case TraceKind.Fetch:
                string ahead = step.IsAhead ? " ahead of time" : "";
                string stale = step.Version < step.Newest ? $", though there is version {step.Newest}" : "";
                return $"fetches {name} in version {step.Version} ({Instruction(step.Value)}){ahead}{stale}";
            case TraceKind.Load when step.Position < 0:
                return $"loads {Variable(step.Address)} = {Value(step.Value)}";
            case TraceKind.Load:
                return $"loads {name} as data: {Instruction(step.Value)}";
            case TraceKind.Store when step.Position < 0:
                return $"stores {Value(step.Value)} to {Variable(step.Address)}";
            case TraceKind.Store:
                return $"stores {Instruction(step.Value)} to {name}: version {step.Version}";
            case TraceKind.Clean:
                return $"DC CVAU {name} is done: version {step.Version} is at the point of unification";
            case TraceKind.Invalidate when step.Position < 0:
                return "IC IALLU is done";
            case TraceKind.Invalidate:
                return $"IC IVAU {name} is done: instruction caches may refill version {step.Version} or newer";
            case TraceKind.Interrupt:
                return $"takes the interrupt of P{step.Version} and forgets what it fetched ahead";
            default:
                return "returns from the system call: every core has been interrupted";
        }
    }

    private string Execution(in TraceStep step, bool isModified)
    {
        if (notes is not null && notes.TryGetValue(step.Position, out string? note))
        {
            return note;
        }

        _ = Decode.TryInstruction((uint)step.Value, out A64Instruction instruction);
        string text = Instruction(step.Value);
        if (isModified)
        {
            bool isOld = _stored.TryGetValue(step.Position, out ulong newest) && newest != step.Value;
            bool isUndefined = instruction.Form is A64Form.Udf or A64Form.None;
            return $"executes {(isOld ? "the old instruction " : "")}{text} at {Name(step.Position)}{(isUndefined ? ", which is illegal" : "")}";
        }

        return instruction.Form switch
        {
            A64Form.Isb => "ISB: forgets what it fetched ahead",
            A64Form.Dsb => $"{text.ToUpperInvariant()}: waits for all before it",
            A64Form.Blr or A64Form.Br => $"branches: {text}",
            A64Form.Svc when SystemCall.TryFind(instruction.Imm, out SystemCallKind call) => $"calls the system ({call})",
            A64Form.Svc or A64Form.Udf or A64Form.Brk => $"{text}: an exception",
            A64Form.Eret => "ERET: forgets what it fetched ahead",
            _ => "",
        };
    }
}
