using System;
using System.Runtime.InteropServices;
using MiniJit.Coherence.Caches;
using MiniJit.Coherence.Fetch;
using MiniJit.Coherence.History;
using MiniJit.Coherence.Memory;
using MiniJit.Coherence.Replay;
using MiniJit.Runtime.Publication;

namespace MiniJit.Coherence.Tests.Stories;

/// <summary>Writes histories by hand: one line that held %old and then holds %new, published by core 0 and executed by core 1.</summary>
internal sealed class StoryHistory
{
    public const ulong Line = 0x7_4000, Address = 0x40_0000_4000, View = 0x40_8000_4000;

    // mov w0, #1 ; ret and mov w0, #2 ; ret
    private static readonly uint[] s_old = [0x5280_0020, 0xD65F_03C0], s_new = [0x5280_0040, 0xD65F_03C0];

    private long _time = 100;

    public LabHistory History { get; } = new();

    public MachineType Machine { get; init; } = MachineType.Find("none")!;

    public Explanation Explain() => Explainer.Explain(History, Machine);

    public StoryFrame Frame => new("filetests/a.clif", "%new(): 1, expected 2", "linux", Machine, "minijit lab replay a.lab");

    /// <summary>%old was published in version 1 as it should be, and executed by core 1.</summary>
    public StoryHistory Begin()
    {
        History.Name(Address, 64, "%old");
        Store(1, s_old);
        Clean();
        CleanDone(1);
        Dsb();
        Invalidate();
        InvalidateDone(1, 1);
        Dsb();
        Step(PublicationStepKind.MakeReachable);
        Fetch(1, 1, 1);
        return this;
    }

    /// <summary>%new is stored in version 2.</summary>
    public StoryHistory Overwrite()
    {
        Store(2, s_new);
        History.Name(Address, 64, "%new");
        return this;
    }

    public StoryHistory Store(int version, params ReadOnlySpan<uint> words)
    {
        Span<uint> line = stackalloc uint[16];
        line.Clear();
        words.CopyTo(line);
        History.Remember(Line, version, MemoryMarshal.AsBytes(line));
        return Add(0, LabEventKind.Store, View, Line, version, version, 64);
    }

    public StoryHistory StoreDone(int version) => Add(0, LabEventKind.StoreDone, 0, Line, version, version);

    public StoryHistory Clean(ulong distance = 0) =>
        Add(0, LabEventKind.Clean, View + distance, Line + distance, detail: (int)CacheOperation.CleanToUnification);

    public StoryHistory CleanDone(int version) => Add(0, LabEventKind.CleanDone, View, Line, version, version);

    public StoryHistory Dsb() => Add(0, LabEventKind.Barrier, detail: LabEvent.BarrierDetail(BarrierKind.Synchronization, 0b1011));

    public StoryHistory Invalidate(ulong distance = 0) =>
        Add(0, LabEventKind.Invalidate, Address + distance, Line + distance, detail: (int)CacheOperation.InvalidateInstructions);

    public StoryHistory InvalidateDone(int core, int version) => Add(core, LabEventKind.InvalidateDone, Address, Line, version, version, cause: 0);

    public StoryHistory Step(PublicationStepKind kind) => Add(0, LabEventKind.Step, note: new PublicationStep(kind).Info.Text);

    public StoryHistory Synchronize(int core, ContextEvent cause) => Add(core, LabEventKind.Synchronize, detail: (int)cause);

    public StoryHistory Ahead(int version) => Add(1, LabEventKind.FetchAhead, Address, Line, version, version);

    public StoryHistory Page(PagePermissions permissions) => Add(0, LabEventKind.Page, Address, Line, detail: (int)permissions, note: permissions.ToString());

    public StoryHistory Fetch(int core, int version, int newest, FetchOrigin origin = FetchOrigin.Cache) =>
        Add(core, LabEventKind.Fetch, Address, Line, version, newest, (int)origin);

    /// <summary>Core 1 calls %new, gets version 1, and returns the wrong result.</summary>
    public StoryHistory Fail(FetchOrigin origin = FetchOrigin.Cache)
    {
        Add(1, LabEventKind.Call, Address, note: "%new");
        Fetch(1, 1, 2, origin);
        return Add(1, LabEventKind.Outcome, detail: 1, note: "returns 1, expected 2");
    }

    public StoryHistory Add(
        int core, LabEventKind kind, ulong address = 0, ulong line = 0, int version = -1, int newest = -1, int detail = 0, int cause = -1, string note = "")
    {
        History.Add(new(_time++, core, kind, address, line, version, newest, cause < 0 ? core : cause, detail, note));
        return this;
    }
}
