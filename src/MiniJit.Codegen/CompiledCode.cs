// The product of the compiler: bytes plus everything a linker, a trap handler and a debugger ask about them.
// Offsets are in bytes from the start of the function. All tables are sorted by offset.
using System;
using MiniJit.IR;
using MiniJit.IR.Collections;

namespace MiniJit.Codegen;

/// <summary>How a relocation's place is computed from the target's address S, the addend A and the place's own address P.</summary>
public enum RelocationKind : byte
{
    /// <summary>8 bytes: S + A.</summary>
    Abs8,

    /// <summary>x86-64, 4 bytes: S + A − P, data or code; must be within ±2 GiB.</summary>
    X64PcRel4,

    /// <summary>x86-64, 4 bytes: S + A − P of a call or jump; the linker may route it through a veneer.</summary>
    X64CallPcRel4,

    /// <summary>x86-64, 4 bytes: G + A − P with G the address of an 8-byte table slot that holds S.</summary>
    X64GotPcRel4,

    /// <summary>x86-64, 4 bytes inside the fixed ELF general-dynamic TLS sequence.</summary>
    X64ElfTlsGd,

    /// <summary>AArch64, 26 bits of a BL or B: (S + A − P) / 4; the linker may route it through a veneer.</summary>
    Arm64Call,

    /// <summary>AArch64, ADRP: page of S + A minus page of P, 21 bits.</summary>
    Arm64AdrPage21,

    /// <summary>AArch64, ADD immediate: low 12 bits of S + A.</summary>
    Arm64AddLo12,

    /// <summary>AArch64, ADRP of the table slot that holds S.</summary>
    Arm64AdrGotPage21,

    /// <summary>AArch64, LDR offset: low 12 bits of the table slot's address, divided by 8.</summary>
    Arm64LdrGotLo12,
}

/// <summary>A place to be filled in when the code's and the target's addresses are known.</summary>
/// <param name="Offset">The place.</param>
/// <param name="Kind">How it is computed.</param>
/// <param name="Target">The symbol, whose address is S.</param>
/// <param name="Addend">A.</param>
public readonly record struct Relocation(int Offset, RelocationKind Kind, ExternalName Target, long Addend);

/// <summary>An instruction that may trap.</summary>
/// <param name="Offset">Offset of the instruction's first byte.</param>
/// <param name="Code">The code it traps with.</param>
public readonly record struct TrapSite(int Offset, TrapCode Code);

/// <summary>The code in [Start, End) comes from this source location.</summary>
/// <param name="Start">First byte.</param>
/// <param name="End">One past the last byte.</param>
/// <param name="Location">The CLIF source location (<c>@0001</c>).</param>
public readonly record struct SourceMapEntry(int Start, int End, uint Location);

/// <summary>An item of a call's exception table, in the order in which they are written.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Tag">The tag of a handler for one tag.</param>
/// <param name="Offset">
/// Where a handler begins, from the start of the function; where a context's value lies, from the stack pointer of the function's body.
/// </param>
public readonly record struct ExceptionHandler(ExceptionItemKind Kind, uint Tag, int Offset);

/// <summary>A call, by its return address.</summary>
/// <param name="ReturnOffset">Offset just after the call instruction.</param>
/// <param name="FirstHandler">Index of the first item of its exception table in <see cref="CompiledCode.ExceptionHandlers"/>.</param>
/// <param name="HandlerCount">Number of items; 0 unless it is a try_call.</param>
public readonly record struct CallSite(int ReturnOffset, int FirstHandler = 0, int HandlerCount = 0);

/// <summary>
/// One compiled function. It belongs to the context that compiled it and is overwritten by that context's next
/// compilation; publishing copies what it needs.
/// </summary>
public sealed class CompiledCode
{
    internal Column<byte> Buffer;
    internal Column<Relocation> RelocationTable;
    internal Column<TrapSite> TrapTable;
    internal Column<SourceMapEntry> SourceMapTable;
    internal Column<CallSite> CallSiteTable;
    internal Column<int> BlockOffsetTable;
    internal Column<ExceptionHandler> HandlerTable;

    /// <summary>The machine code, constants and jump tables included.</summary>
    public ReadOnlySpan<byte> Bytes => Buffer.Span;

    /// <summary>Number of bytes from the start that are instructions; constants follow.</summary>
    public int CodeSize { get; internal set; }

    /// <summary>Required alignment of the first byte, a power of two.</summary>
    public int Alignment { get; internal set; } = 16;

    /// <summary>Bytes of stack that one activation takes, return address and saved registers included.</summary>
    public int FrameSize { get; internal set; }

    /// <summary>
    /// Bytes from the stack pointer of the function's body up to its frame pointer: with it, who finds a frame by walking frame pointers can go on in one
    /// of its handlers.
    /// </summary>
    public int FramePointerOffset { get; internal set; }

    /// <summary>Places to fill in at link time.</summary>
    public ReadOnlySpan<Relocation> Relocations => RelocationTable.Span;

    /// <summary>Instructions that may trap.</summary>
    public ReadOnlySpan<TrapSite> Traps => TrapTable.Span;

    /// <summary>Source locations.</summary>
    public ReadOnlySpan<SourceMapEntry> SourceMap => SourceMapTable.Span;

    /// <summary>Calls.</summary>
    public ReadOnlySpan<CallSite> CallSites => CallSiteTable.Span;

    /// <summary>The exception tables of all calls.</summary>
    public ReadOnlySpan<ExceptionHandler> ExceptionHandlers => HandlerTable.Span;

    /// <summary>The exception table of one of the <see cref="CallSites"/>.</summary>
    /// <param name="site">The call.</param>
    public ReadOnlySpan<ExceptionHandler> HandlersOf(CallSite site) => HandlerTable.Slice(site.FirstHandler, site.HandlerCount);

    /// <summary>Start of each machine basic block, in address order.</summary>
    public ReadOnlySpan<int> BlockOffsets => BlockOffsetTable.Span;

    internal void Clear()
    {
        Buffer.Clear();
        RelocationTable.Clear();
        TrapTable.Clear();
        SourceMapTable.Clear();
        CallSiteTable.Clear();
        BlockOffsetTable.Clear();
        HandlerTable.Clear();
        CodeSize = 0;
        Alignment = 16;
        FrameSize = 0;
        FramePointerOffset = 0;
    }
}
