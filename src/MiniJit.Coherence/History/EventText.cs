// What an event says in a report: one line, in Arm's terms, without the core, which stands beside it.
using System;
using System.Globalization;
using MiniJit.Backend.Arm64;
using MiniJit.Coherence.Fetch;
using MiniJit.Coherence.Memory;

namespace MiniJit.Coherence.History;

internal static class EventText
{
    // Enum orders are asserted by a test.
    private static readonly string[] s_operations = ["DC CVAU", "DC CVAC", "DC CIVAC", "IC IVAU", "IC of this core alone"];

    private static readonly string[] s_contexts =
    [
        "ISB", "exception entry", "exception return", "interrupt and exception return", "switch to another thread",
    ];

    public static string Of(in LabEvent happened) => happened.Kind switch
    {
        LabEventKind.Store => Noted(Text($"stores {Bytes(happened.Detail)} to line 0x{happened.Line:x}: version {happened.Version}"), happened.Note),
        LabEventKind.StoreDone => Text($"version {happened.Version} is performed: it leaves the store buffer"),
        LabEventKind.Clean or LabEventKind.Invalidate => $"{Operation(happened.Detail)} {Place(happened)}",
        LabEventKind.CleanDone => Text($"version {happened.Version} reaches the point of unification"),
        LabEventKind.InvalidateDone => Text($"the instruction cache of core {happened.Core} drops what is older than version {happened.Version}"),
        LabEventKind.Barrier => Barrier(happened.Detail),
        LabEventKind.Synchronize => Caused(Text($"context synchronisation: {Context(happened.Detail)}"), happened),
        LabEventKind.Fetch when happened.Version < 0 => Text($"executes at 0x{happened.Address:x} what it fetched ahead of time: a fault"),
        LabEventKind.Fetch => Text($"{(happened.Detail == (int)FetchOrigin.Queue ? "executes" : "fetches")} version {happened.Version} of 0x{happened.Address:x}{Origin(happened)}"),
        LabEventKind.FetchAhead when happened.Version < 0 => Text($"has fetched from page 0x{happened.Address:x} ahead of time: a fault"),
        LabEventKind.FetchAhead => Text($"has fetched version {happened.Version} of {Place(happened)} ahead of time"),
        LabEventKind.Page => Text($"page 0x{happened.Address:x}: {happened.Note}"),
        LabEventKind.Step => $"plan: {happened.Note}",
        LabEventKind.Call => Text($"calls {(happened.Note.Length == 0 ? "code" : happened.Note)} at 0x{happened.Address:x}"),
        _ => happened.Note,
    };

    /// <summary>The name of a maintenance instruction.</summary>
    public static string Operation(int operation) => s_operations[operation];

    public static string Context(int cause) => s_contexts[cause];

    /// <summary>Whether a barrier waits for stores and maintenance to complete, for all cores of the inner shareable domain.</summary>
    public static bool Completes(in LabEvent happened) =>
        happened.Kind == LabEventKind.Barrier && happened.Detail >> 4 == (int)BarrierKind.Synchronization && (happened.Detail & 3) == 3;

    /// <summary>The name of a core; what no core does, the system does.</summary>
    public static string Core(int core) => core < 0 ? "system" : Text($"core {core}");

    // A line that nobody has fetched yet has no virtual address, and the system cleans pages by offset.
    private static string Place(in LabEvent happened) => happened.Address < PhysicalMemory.PageSize ? Text($"line 0x{happened.Line:x}") : Text($"0x{happened.Address:x}");

    private static string Barrier(int detail) =>
        $"{(detail >> 4 == (int)BarrierKind.Synchronization ? "DSB" : "DMB")} {SystemNames.Barrier(detail & 15).ToUpperInvariant()}";

    private static string Origin(in LabEvent fetch) =>
        (fetch.Detail == (int)FetchOrigin.Queue ? ", fetched ahead of time" : "") + (fetch.IsStale ? Text($"; version {fetch.Newest} is the newest") : "");

    private static string Caused(string text, in LabEvent happened) => happened.Cause == happened.Core ? text : $"{text}, caused by {Core(happened.Cause)}";

    private static string Noted(string text, string note) => note.Length == 0 ? text : $"{text} ({note})";

    private static string Bytes(int count) => count == 1 ? "1 byte" : Text($"{count} bytes");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
