// Turns a publication plan into a litmus test: P0 writes a function, carries out the plan and stores the entry; P0 or P1 then calls. The question is
// whether a caller that got the entry can execute anything but the new function. What a system does inside of its calls is written as the instructions that it
// executes, where there are any: entering and leaving the kernel is an ISB, making a page executable for the first time on Linux cleans and invalidates it.
//
// The function that P0 publishes returns 22. With every instruction from before it returns 11, with a mixture something else, and zeros are no
// instruction at all.
using System;
using System.Collections.Generic;
using System.Text;
using MiniJit.Coherence.Litmus;
using MiniJit.IR;
using MiniJit.Runtime.Publication;

namespace MiniJit.Coherence.Protocols;

/// <summary>What an instruction stands for.</summary>
/// <param name="Thread">Whose it is.</param>
/// <param name="Index">Which one of the thread's.</param>
/// <param name="Text">What the thread does.</param>
internal readonly record struct ProtocolNote(int Thread, int Index, string Text);

/// <summary>A plan under one question.</summary>
/// <param name="Source">The litmus test; equal questions have equal texts.</param>
/// <param name="Notes">What instructions stand for.</param>
internal sealed record Protocol(string Source, IReadOnlyList<ProtocolNote> Notes)
{
    /// <summary>The test; calls can only go to the function and to its predecessor.</summary>
    public LitmusTest Read()
    {
        DiagnosticBag diagnostics = new();
        LitmusTest test = LitmusParser.Parse(new SourceText("protocol", Source), diagnostics) ?? throw new CompilerBugException("protocol", $"{diagnostics}\n{Source}");
        foreach (string label in (ReadOnlySpan<string>)["P0:f", "P0:before"])
        {
            if (test.Labels.TryGetValue(label, out ulong address))
            {
                test.Entries.Add(test.PositionOf(address));
            }
        }

        return test;
    }
}

internal sealed class ProtocolWriter
{
    private const string Result = "22";

    private readonly EnginePlan _plan;
    private readonly ProtocolMachine _machine;
    private readonly ProtocolScenario _scenario;
    private readonly bool _isWriterCalling, _isPatchedInPlace;
    private readonly int _lines;
    private readonly List<string> _writer = [], _reader = [];
    private readonly List<ProtocolNote> _notes = [];

    private ProtocolWriter(EnginePlan plan, ProtocolMachine machine, ProtocolScenario scenario, bool isWriterCalling, int lines)
    {
        (_plan, _machine, _scenario, _isWriterCalling, _lines) = (plan, machine, scenario, isWriterCalling, lines);
        _isPatchedInPlace = scenario == ProtocolScenario.PatchedCode && plan.Patches == PatchStyle.InPlace;
    }

    /// <summary>How many lines may be written in a scenario: only single instructions may be changed under a thread that executes them.</summary>
    public static int MaxLines(EnginePlan plan, ProtocolScenario scenario) =>
        scenario == ProtocolScenario.PatchedCode && plan.Patches == PatchStyle.InPlace ? 1 : 2;

    /// <summary>Writes the test.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="machine">The caches.</param>
    /// <param name="scenario">What was before, and who calls.</param>
    /// <param name="isWriterCalling">Whether the thread that published calls, or another one.</param>
    /// <param name="lines">Cache lines that are written: 1 or 2.</param>
    public static Protocol Write(EnginePlan plan, ProtocolMachine machine, ProtocolScenario scenario, bool isWriterCalling, int lines) =>
        new ProtocolWriter(plan, machine, scenario, isWriterCalling, lines).Write();

    private Protocol Write()
    {
        ForLines("STR W1{0},[X{0}]");
        foreach (PublicationStep step in _plan.StepsOn(_machine.DataCoherent, _machine.InstructionCoherent, _scenario))
        {
            WriteStep(step);
        }

        if (_isWriterCalling)
        {
            Note("calls f", "BLR X1");
        }
        else
        {
            WriteReader();
        }

        _writer.Add("B end");
        WriteFunction();
        return new(Format(), _notes);
    }

    private void ForLines(string instruction)
    {
        for (int line = 1; line <= _lines; line++)
        {
            _writer.Add(string.Format(System.Globalization.CultureInfo.InvariantCulture, instruction, line));
        }
    }

    private void Clean() => ForLines("DC CVAU,X{0}");

    private void Invalidate() => ForLines("IC IVAU,X{0}");

    private void Note(string note, string instruction)
    {
        _notes.Add(new(0, _writer.Count, note));
        _writer.Add(instruction);
    }

    private void NoteReader(string note, string instruction)
    {
        _notes.Add(new(1, _reader.Count, note));
        _reader.Add(instruction);
    }

    // ---- the publishing thread

    private void WriteStep(PublicationStep step)
    {
        switch (step.Kind)
        {
            case PublicationStepKind.CleanDataLines:
                Clean();
                break;
            case PublicationStepKind.DataBarrier:
                _writer.Add("DSB ISH");
                break;
            case PublicationStepKind.InvalidateInstructionLines:
                Invalidate();
                break;
            case PublicationStepKind.ContextSync:
                _writer.Add("ISB");
                break;
            case PublicationStepKind.FlushInstructionCache:
                Flush(step.Means);
                break;
            case PublicationStepKind.ProtectExecute:
                Protect();
                break;
            case PublicationStepKind.SynchronizeCores:
                string call = $"calls {PublicationStep.MeansTable[(int)step.Means]}";
                Note(_plan.System.InterruptsCores ? $"{call}: an interrupt for every core" : $"{call}, which succeeds and does nothing", _plan.System.InterruptsCores ? "SVC sync_cores" : "ISB");
                break;
            case PublicationStepKind.MakeReachable:
                _writer.Add("STLR X1,[X3]");
                break;
            default:
                break;                                         // about the memory of the old code, later
        }
    }

    // What each system's call does: protocol.md 3 (Windows), 4 (macOS), 5 (RISC-V). Those of Windows and macOS are taken at their word: what the caller stored before
    // is what is fetched afterwards, so they begin with waiting for those stores, whatever their instructions are.
    private void Flush(PublicationMeans means)
    {
        switch (means)
        {
            case PublicationMeans.WindowsFlush:
                Note("calls FlushInstructionCache", "ISB");
                Maintain();
                Note("returns from FlushInstructionCache", "ISB");
                break;
            case PublicationMeans.DarwinInvalidate:
                Note("calls sys_icache_invalidate, which waits for the stores before it", "DSB ISH");
                Invalidate();
                _writer.Add("DSB ISH");
                Note("returns from sys_icache_invalidate: forgets what it fetched ahead", "ISB");
                break;
            case PublicationMeans.RiscVFlush:
                Note("calls riscv_flush_icache: fence.i on every hart", "SVC fence_i_all");
                break;
            default:
                Note("calls riscv_flush_icache: fence.i on this hart", "SVC fence_i");
                break;
        }
    }

    private void Maintain()
    {
        Clean();
        _writer.Add("DSB ISH");
        Invalidate();
        _writer.Add("DSB ISH");
    }

    // protocol.md 2.1: Linux maintains a page when it becomes executable for the first time since the kernel handed it out, and never again. All systems
    // take the permission to write away, and wait (DSB) until no TLB grants it.
    private void Protect()
    {
        string call = _plan.System.ProtectCall;
        bool maintains = _plan.System.MaintainsFreshPages && _scenario == ProtocolScenario.NewCode;
        Note(maintains ? $"calls {call}, which maintains the fresh page" : $"calls {call}, which maintains no caches", "ISB");
        if (maintains)
        {
            Maintain();
        }

        _writer.Add("DSB ISH");
        Note($"returns from {call}", "ISB");
    }

    // ---- the calling thread

    private void WriteReader()
    {
        string target = _isPatchedInPlace ? "X4" : "X1";       // in place, the address was known before
        _reader.Add($"LDAR {(_isPatchedInPlace ? "X1" : target)},[X3]");
        _reader.Add("CBZ X1,out");
        if (_scenario is ProtocolScenario.NewCode or ProtocolScenario.ReusedMemory)
        {
            NoteReader("comes out of the kernel and forgets what it fetched ahead", "ISB");
        }
        else if (_plan.Readers == ReaderDuty.ContextSync)
        {
            _reader.Add("ISB");
        }

        NoteReader("calls f", $"BLR {target}");
        _reader.Add("out: NOP");
    }

    // ---- the function

    private void WriteFunction()
    {
        bool isFresh = _scenario == ProtocolScenario.NewCode;
        if (_isPatchedInPlace)
        {
            // A branch becomes a NOP: both may change under a thread that executes them (protocol.md 1.4).
            _writer.AddRange(["f: B old", $"MOV W0,#{Result}", "RET", "old: MOV W0,#11", "RET"]);
        }
        else
        {
            string second = isFresh ? "UDF #0" : "ADD W0,W0,#10";
            _writer.AddRange([isFresh ? "f: UDF #0" : "f: MOV W0,#1", $"g: {(_lines == 2 ? second : "ADD W0,W0,#20")}", "RET"]);
            if (_scenario == ProtocolScenario.PatchedCode)
            {
                _writer.AddRange(["before: MOV W0,#11", "RET"]);
            }
        }

        _writer.Add("end: NOP");
    }

    private string Format()
    {
        StringBuilder text = new("AArch64 protocol\n");
        string caches = (_machine.DataCoherent ? "IDC " : "") + (_machine.InstructionCoherent ? "DIC" : "");
        text.Append("CacheType=").Append(caches.TrimEnd()).Append('\n');
        text.Append("{ 0:X1=P0:f; 0:X11=instr:\"").Append(_isPatchedInPlace ? "NOP" : "MOV W0,#2").Append("\"; 0:X3=entry; 0:X0=0;");
        if (_lines == 2)
        {
            text.Append(" 0:X2=P0:g; 0:X12=instr:\"ADD W0,W0,#20\";");
        }

        if (_scenario == ProtocolScenario.PatchedCode && !_isPatchedInPlace)
        {
            text.Append(" entry=P0:before;");
        }

        if (!_isWriterCalling)
        {
            text.Append(" 1:X3=entry; 1:X0=0;").Append(_isPatchedInPlace ? " 1:X4=P0:f;" : "");
        }

        text.Append(" }\n P0 ").Append(_isWriterCalling ? ";\n" : "| P1 ;\n");
        for (int row = 0; row < Math.Max(_writer.Count, _reader.Count); row++)
        {
            text.Append(' ').Append(row < _writer.Count ? _writer[row].PadRight(18) : new string(' ', 18));
            if (!_isWriterCalling)
            {
                text.Append(" | ").Append(row < _reader.Count ? _reader[row] : "");
            }

            text.Append(" ;\n");
        }

        text.Append("exists ").Append(_isWriterCalling ? $"(~(0:X0={Result}))\n" : $"(1:X1=P0:f /\\ ~(1:X0={Result}))\n");
        return text.ToString();
    }
}
