// Every plan on every machine in every scenario. Many cells ask the same question, and each question is explored once, on all processors.
//
// A cell is safe if no caller can execute anything but the new function once it has the entry: with one and with two lines written, and whether
// the publishing thread calls or another one. It is unsafe with the shortest execution of the smallest question that shows it.
using System;
using System.Collections.Generic;
using System.Threading;
using MiniJit.Coherence.Exploration;
using MiniJit.Coherence.Litmus;

namespace MiniJit.Coherence.Protocols;

/// <summary>A cell of the table.</summary>
/// <param name="Plan">Which plan.</param>
/// <param name="Machine">On which machine.</param>
/// <param name="Scenario">In which scenario.</param>
internal readonly record struct PlanCell(EnginePlan Plan, ProtocolMachine Machine, ProtocolScenario Scenario);

/// <summary>The answer to a question, in words if it is bad.</summary>
/// <param name="Source">The litmus test.</param>
/// <param name="Steps">A shortest execution that goes wrong; empty if there is none.</param>
/// <param name="States">States visited.</param>
internal sealed record PlanAnswer(string Source, IReadOnlyList<string> Steps, int States)
{
    public bool IsSafe => Steps.Count == 0;
}

internal sealed class PlanTable
{
    private const int StackSize = 16 << 20;                    // paths are followed by recursion

    // Who calls: whoever the scenario is about, or the other one.
    private static readonly (bool IsOther, int Lines)[] s_questions = [(false, 1), (true, 1), (false, 2), (true, 2)];

    private readonly Dictionary<string, PlanAnswer> _answers = [];
    private readonly Dictionary<PlanCell, PlanAnswer> _cells = [];

    private PlanTable()
    {
    }

    public static ReadOnlySpan<ProtocolScenario> Scenarios =>
        [ProtocolScenario.NewCode, ProtocolScenario.ReusedMemory, ProtocolScenario.PatchedCode, ProtocolScenario.OtherThread];

    /// <summary>States visited, over all questions.</summary>
    public long States { get; private set; }

    /// <summary>Different questions.</summary>
    public int Questions => _answers.Count;

    /// <summary>The answer that decides a cell; null where the plan's architecture has no such machine.</summary>
    public PlanAnswer? this[PlanCell cell] => _cells.GetValueOrDefault(cell);

    /// <summary>Judges plans everywhere.</summary>
    public static PlanTable Of(IReadOnlyList<EnginePlan> plans)
    {
        PlanTable table = new();
        List<PlanCell> open = [];
        foreach (EnginePlan plan in plans)
        {
            foreach (ProtocolMachine machine in ProtocolMachine.All)
            {
                foreach (ProtocolScenario scenario in Scenarios)
                {
                    if (plan.RunsOn(machine))
                    {
                        open.Add(new(plan, machine, scenario));
                    }
                }
            }
        }

        // Small questions first: what they show need not be asked again.
        foreach ((bool isOther, int lines) in s_questions)
        {
            open = table.Ask(open, isOther, lines);
        }

        return table;
    }

    /// <summary>The question of a cell.</summary>
    public static Protocol Question(PlanCell cell, bool isWriterCalling, int lines) =>
        ProtocolWriter.Write(cell.Plan, cell.Machine, cell.Scenario, isWriterCalling, lines);

    /// <summary>Explores a question.</summary>
    public static PlanAnswer Answer(Protocol protocol)
    {
        LitmusTest test = protocol.Read();
        Witness witness = new FetchModel(test, LitmusVerdict.DefaultStateLimit).Find(test.Condition);
        if (witness.Problem.Length != 0)
        {
            throw new InvalidOperationException($"{witness.Problem}: {protocol.Source}");
        }

        Dictionary<int, string> notes = [];
        foreach (ProtocolNote note in protocol.Notes)
        {
            notes.Add(test.Threads[note.Thread].First + note.Index, note.Text);
        }

        List<string> steps = new WitnessText(test, notes).Describe(witness.Steps);
        int last = steps.FindLastIndex(static step => step.Contains(WitnessText.Executes, StringComparison.Ordinal));
        steps.RemoveRange(last + 1, steps.Count - last - 1);   // what P0 does afterwards explains nothing
        return new(protocol.Source, steps, witness.States);
    }

    /// <summary>Asks one question of all cells; those that pass it remain.</summary>
    private List<PlanCell> Ask(List<PlanCell> cells, bool isOther, int lines)
    {
        List<Protocol> fresh = [];
        List<(PlanCell Cell, string Source)> asked = [];
        List<PlanCell> remaining = [];
        HashSet<string> known = [.. _answers.Keys];
        foreach (PlanCell cell in cells)
        {
            if (lines > ProtocolWriter.MaxLines(cell.Plan, cell.Scenario))
            {
                remaining.Add(cell);
                continue;
            }

            bool isAboutWriter = cell.Scenario is ProtocolScenario.NewCode or ProtocolScenario.ReusedMemory;
            Protocol protocol = Question(cell, isAboutWriter != isOther, lines);
            asked.Add((cell, protocol.Source));
            if (known.Add(protocol.Source))
            {
                fresh.Add(protocol);
            }
        }

        Explore(fresh);
        foreach ((PlanCell cell, string source) in asked)
        {
            _cells[cell] = _answers[source];
            if (_answers[source].IsSafe)
            {
                remaining.Add(cell);
            }
        }

        return remaining;
    }

    private void Explore(List<Protocol> protocols)
    {
        PlanAnswer[] answers = new PlanAnswer[protocols.Count];
        Exception? failure = null;
        int next = -1;
        Thread[] threads = new Thread[Math.Min(Environment.ProcessorCount, protocols.Count)];
        for (int i = 0; i < threads.Length; i++)
        {
            threads[i] = new(Work, StackSize);
            threads[i].Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        if (failure is not null)
        {
            throw failure;
        }

        foreach (PlanAnswer answer in answers)
        {
            _answers.Add(answer.Source, answer);
            States += answer.States;
        }

        void Work()
        {
            try
            {
                for (int i = Interlocked.Increment(ref next); i < protocols.Count; i = Interlocked.Increment(ref next))
                {
                    answers[i] = Answer(protocols[i]);
                }
            }
            catch (Exception e) when (e is InvalidOperationException or MiniJit.IR.CompilerBugException)
            {
                Interlocked.CompareExchange(ref failure, e, null);
            }
        }
    }
}
