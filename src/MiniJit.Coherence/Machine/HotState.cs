// Everything the dispatch loop touches, in one block of host memory that does not move: registers, where the core is, and its
// translation caches.
using System.Runtime.CompilerServices;
using MiniJit.Coherence.Memory;

namespace MiniJit.Coherence.Machine;

/// <summary>
/// One cached translation. A tag is the page's address if the access may go directly to host memory at address + Addend, or
/// <see cref="Invalid"/>; a tag is compared with the page of the access's last byte, so an access that crosses pages misses.
/// </summary>
internal struct TranslationEntry
{
    /// <summary>No masked address equals it: program counters keep their lowest two bits and no others below the unit's size.</summary>
    public const ulong Invalid = 4;

    public ulong ReadTag, WriteTag;
    public nint Addend;
    private readonly nint _padding;
}

/// <summary>One cached answer of the fetch side: the unit at an address.</summary>
internal unsafe struct FetchEntry
{
    public ulong Tag;
    public MicroOp* Ops;
}

[InlineArray(HotState.Entries)]
internal struct TranslationEntries
{
    private TranslationEntry _first;
}

[InlineArray(HotState.Entries)]
internal struct FetchEntries
{
    private FetchEntry _first;
}

internal unsafe struct HotState
{
    public const int Entries = 256;
    public const ulong PageMask = ~(ulong)(PhysicalMemory.PageSize - 1);

    public CoreState State;

    /// <summary>Address of the unit that is executed, and its micro-ops.</summary>
    public ulong UnitAddress;
    public MicroOp* UnitOps;

    /// <summary>What is left of the turn, in bytes of micro-ops; valid outside of the loop.</summary>
    public long Left;

    public TranslationEntries Translations;
    public FetchEntries Fetches;

    public void ForgetTranslations()
    {
        foreach (ref TranslationEntry entry in (System.Span<TranslationEntry>)Translations)
        {
            entry.ReadTag = entry.WriteTag = TranslationEntry.Invalid;
        }
    }

    public void ForgetWritable()
    {
        foreach (ref TranslationEntry entry in (System.Span<TranslationEntry>)Translations)
        {
            entry.WriteTag = TranslationEntry.Invalid;
        }
    }

    public void ForgetFetches()
    {
        foreach (ref FetchEntry entry in (System.Span<FetchEntry>)Fetches)
        {
            entry.Tag = TranslationEntry.Invalid;
        }
    }
}
