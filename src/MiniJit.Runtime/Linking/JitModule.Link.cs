// The linking half of a module: pending definitions, resolution, layout, relocation, stores.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using MiniJit.Codegen;
using MiniJit.IR;
using MiniJit.IR.Collections;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;
using MiniJit.Runtime.Publication;

namespace MiniJit.Runtime.Linking;

public sealed partial class JitModule
{
    private const int PlacementAttempts = 3;

    private readonly List<PendingFunction> _pendingFunctions = [];
    private readonly List<PendingData> _pendingData = [];
    private readonly Dictionary<ulong, ulong> _veneerOf = [];    // target address -> address of a veneer of this publication
    private readonly Dictionary<ExternalName, ulong> _slotOf = [];
    private Column<byte> _code;                                  // pending functions, laid out as a batch is laid out in memory
    private Column<byte> _contents;                              // pending data
    private Column<Relocation> _relocations;

    private void AddPending(JitFunction function, CompiledCode code)
    {
        int alignment = Math.Max(code.Alignment, RangeAllocator.Granule);
        Pad(ref _code, alignment, _heap.Machine.Filler);
        _pendingFunctions.Add(new(function, new(_code.Count, code.Bytes.Length, _relocations.Count, code.Relocations.Length), alignment));
        _code.AddRange(code.Bytes);
        _relocations.AddRange(code.Relocations);
    }

    private void AddPending(JitData data, ReadOnlySpan<byte> contents, ReadOnlySpan<Relocation> relocations)
    {
        _pendingData.Add(new(data, new(_contents.Count, contents.Length, _relocations.Count, relocations.Length)));
        _contents.AddRange(contents);
        _relocations.AddRange(relocations);
    }

    private static void Pad(ref Column<byte> bytes, int alignment, ReadOnlySpan<byte> filler)
    {
        while (bytes.Count % alignment != 0)
        {
            bytes.Add(filler[bytes.Count % filler.Length]);
        }
    }

    private void ResolveAll(List<LinkError> errors)
    {
        foreach (PendingFunction pending in _pendingFunctions)
        {
            ResolvePiece("function", pending.Function.Name, pending.Piece, isData: false, errors);
        }

        foreach (PendingData pending in _pendingData)
        {
            ResolvePiece("data", pending.Data.Name, pending.Piece, isData: true, errors);
        }
    }

    private void ResolvePiece(string kind, ExternalName owner, Piece piece, bool isData, List<LinkError> errors)
    {
        foreach (ref readonly Relocation relocation in _relocations.Slice(piece.FirstRelocation, piece.RelocationCount))
        {
            if (!_names.ContainsKey(relocation.Target))
            {
                if (_symbols.TryResolve(relocation.Target, out nint address))
                {
                    _names.Add(relocation.Target, new(null, null, (ulong)address, IsFromSource: true));
                }
                else
                {
                    string what = relocation.Kind is RelocationKind.X64CallPcRel4 or RelocationKind.Arm64Call ? "function" : "symbol";
                    errors.Add(new(LinkErrorKind.UndefinedSymbol, relocation.Target, owner,
                        $"Undeclared {what} {relocation.Target} is referenced by {owner}"));
                }
            }

            int size = Relocator.InfoOf(relocation.Kind).Size;
            if (relocation.Offset < 0 || relocation.Offset > piece.Length - size)
            {
                errors.Add(new(LinkErrorKind.MalformedRelocation, relocation.Target, owner,
                    $"The {relocation.Kind} relocation at offset {relocation.Offset} lies outside of {kind} {owner}"));
            }
            else if (relocation.Kind == RelocationKind.X64ElfTlsGd || (isData && relocation.Kind != RelocationKind.Abs8))
            {
                errors.Add(new(LinkErrorKind.UnsupportedRelocation, relocation.Target, owner,
                    $"The {relocation.Kind} relocation in {kind} {owner} is not supported"));
            }
        }
    }

    private bool LinkAndPublish(EntryReplacement[] replacements, List<LinkError> errors)
    {
        int veneers = CountVeneers(_arena?.Mapping ?? default);
        for (int attempt = 0; attempt < PlacementAttempts; attempt++)
        {
            if (!TryPlace(veneers, out Placement placement, errors))
            {
                return false;
            }

            // Which targets are far away depends on the arena, and that is known only now.
            int needed = CountVeneers(placement.Arena.Mapping);
            if (needed > veneers)
            {
                placement.Abandon(_heap);
                veneers = needed;
                continue;
            }

            if (TryRelocate(placement, errors) && TryStoreAndPublish(placement, replacements, errors))
            {
                ClearPending();
                return true;
            }

            placement.Abandon(_heap);
            return false;
        }

        errors.Add(new(LinkErrorKind.System, default, default, "No arena could be settled on: memory is too fragmented"));
        return false;
    }

    /// <summary>The number of different targets that some branch in the arena cannot reach.</summary>
    private int CountVeneers(in ArenaMapping arena)
    {
        if (arena.CodeSize == 0)
        {
            return 0;
        }

        _veneerOf.Clear();
        foreach (PendingFunction pending in _pendingFunctions)
        {
            foreach (ref readonly Relocation relocation in _relocations.Slice(pending.Piece.FirstRelocation, pending.Piece.RelocationCount))
            {
                long reach = Relocator.InfoOf(relocation.Kind).Reach;
                if (reach == 0 || IsPending(_names[relocation.Target]))
                {
                    continue;
                }

                // Both ends of the arena, with room for the addend and the instruction's length.
                ulong target = _names[relocation.Target].Address;
                long margin = Math.Abs(relocation.Addend) + 16;
                if (Distance(target, arena.Code) > reach - margin || Distance(target, arena.Code + (ulong)arena.CodeSize) > reach - margin)
                {
                    _veneerOf[target] = 0;
                }
            }
        }

        return _veneerOf.Count;
    }

    private static bool IsPending(Symbol symbol) => symbol.Function is { IsPublished: false };

    private static long Distance(ulong a, ulong b) => Math.Abs((long)(a - b));

    private bool TryPlace(int veneers, out Placement placement, List<LinkError> errors)
    {
        MachineTraits machine = _heap.Machine;
        int functions = _pendingFunctions.Count;
        var requests = new CodeRequest[functions + (veneers > 0 ? 1 : 0)];
        for (int i = 0; i < functions; i++)
        {
            requests[i] = new(_pendingFunctions[i].Piece.Length, _pendingFunctions[i].Alignment);
        }

        if (veneers > 0)
        {
            requests[functions] = new(veneers * machine.VeneerSize, RangeAllocator.Granule);
        }

        // Read-only data and the table of addresses share pages; writable data lies elsewhere.
        CollectSlots();
        long readOnly = _slotOf.Count * sizeof(ulong), writable = 0;
        foreach (PendingData pending in _pendingData)
        {
            ref long end = ref pending.Data.IsWritable ? ref writable : ref readOnly;
            end = AlignUp(end, pending.Data.Alignment) + Math.Max(pending.Data.Size, 1);
        }

        var dataRequests = new DataRequest[(readOnly > 0 ? 1 : 0) + (writable > 0 ? 1 : 0)];
        if (readOnly > 0)
        {
            dataRequests[0] = new(readOnly, _heap.Memory.PageSize, OwnsPages: true);
        }

        if (writable > 0)
        {
            dataRequests[^1] = new(writable, _heap.Memory.PageSize, OwnsPages: false);
        }

        placement = new(new CodeBlock[requests.Length], new DataBlock[dataRequests.Length], readOnly > 0, writable > 0, veneers > 0);
        if (!_heap.TryReserve(requests, dataRequests, _arena, placement.Code, placement.Data, out SystemError error))
        {
            errors.Add(new(LinkErrorKind.System, default, default, $"No memory for {functions} functions: {error}"));
            return false;
        }

        Assign(placement);
        return true;
    }

    /// <summary>Tells every pending definition, slot and veneer where it will be.</summary>
    private void Assign(in Placement placement)
    {
        for (int i = 0; i < _pendingFunctions.Count; i++)
        {
            _pendingFunctions[i].Function.Place(placement.Code[i]);
        }

        ulong readOnly = placement.ReadOnly?.Address ?? 0, writable = placement.Writable?.Address ?? 0;
        foreach (ExternalName name in new List<ExternalName>(_slotOf.Keys))
        {
            _slotOf[name] = readOnly;
            readOnly += sizeof(ulong);
        }

        foreach (PendingData pending in _pendingData)
        {
            ref ulong end = ref pending.Data.IsWritable ? ref writable : ref readOnly;
            ulong address = (ulong)AlignUp((long)end, pending.Data.Alignment);
            pending.Data.Place(address);
            end = address + (ulong)Math.Max(pending.Data.Size, 1);  // objects have different addresses, empty ones too
        }
    }

    private void CollectSlots()
    {
        _slotOf.Clear();
        foreach (ref readonly Relocation relocation in _relocations.Span)
        {
            if (Relocator.InfoOf(relocation.Kind).ThroughSlot)
            {
                _slotOf[relocation.Target] = 0;
            }
        }
    }

    private bool TryRelocate(in Placement placement, List<LinkError> errors)
    {
        if (placement.Veneers is { } block)
        {
            ulong address = block.Address;
            foreach (ulong target in new List<ulong>(_veneerOf.Keys))
            {
                _veneerOf[target] = address;
                address += (ulong)_heap.Machine.VeneerSize;
            }
        }

        foreach (PendingFunction pending in _pendingFunctions)
        {
            RelocatePiece(pending.Function.Name, pending.Piece, _code.Slice(pending.Piece.Start, pending.Piece.Length), pending.Function.Block!.Address, errors);
        }

        foreach (PendingData pending in _pendingData)
        {
            RelocatePiece(pending.Data.Name, pending.Piece, _contents.Slice(pending.Piece.Start, pending.Piece.Length), pending.Data.PlacedAt, errors);
        }

        return errors.Count == 0;
    }

    private void RelocatePiece(ExternalName owner, Piece piece, Span<byte> bytes, ulong address, List<LinkError> errors)
    {
        foreach (ref readonly Relocation relocation in _relocations.Slice(piece.FirstRelocation, piece.RelocationCount))
        {
            RelocationInfo info = Relocator.InfoOf(relocation.Kind);
            ulong target = _names[relocation.Target].Address;
            ulong symbol = info.ThroughSlot ? _slotOf[relocation.Target]
                : info.Reach != 0 && _veneerOf.TryGetValue(target, out ulong veneer) && veneer != 0 ? veneer
                : target;
            RelocationOutcome outcome = Relocator.Apply(
                relocation.Kind, bytes[relocation.Offset..], address + (ulong)relocation.Offset, symbol, relocation.Addend);
            if (outcome != RelocationOutcome.Done)
            {
                errors.Add(new(
                    outcome == RelocationOutcome.OutOfReach ? LinkErrorKind.OutOfReach : LinkErrorKind.UnsupportedRelocation,
                    relocation.Target,
                    owner,
                    $"{relocation.Target} at 0x{target:x} is out of reach of the {relocation.Kind} relocation at {owner}+0x{relocation.Offset:x}"));
            }
        }
    }

    private bool TryStoreAndPublish(in Placement placement, EntryReplacement[] replacements, List<LinkError> errors)
    {
        ICodeMemory memory = _heap.Memory;
        ArenaMapping arena = placement.Arena.Mapping;
        StoreFunctions(placement);
        StoreVeneers(arena);
        StoreData(placement);
        SystemError error = default;
        if (placement.ReadOnly is { } readOnly && !memory.TryProtect(arena, readOnly.Address, readOnly.Size, PageAccess.Read, out error))
        {
            errors.Add(new(LinkErrorKind.System, default, default, $"Read-only data cannot be protected: {error}"));
            return false;
        }

        var entries = new JitFunction[_pendingFunctions.Count];
        var ranges = new IAddressRange[entries.Length];
        for (int i = 0; i < entries.Length; i++)
        {
            ranges[i] = entries[i] = _pendingFunctions[i].Function;
        }

        error = _heap.Publish(placement.Code, ranges, new Reachability(entries, _pendingData, replacements), replacements.Length > 0);
        if (!error.IsNone)
        {
            errors.Add(new(LinkErrorKind.System, default, default, $"The code cannot be published: {error}"));
            return false;
        }

        _arena = placement.Arena;
        _functions.AddRange(entries);
        _dataBlocks.AddRange(placement.Data);
        foreach (PendingData pending in _pendingData)
        {
            _data.Add(pending.Data);
        }

        if (placement.Veneers is { } veneers)
        {
            _veneers.Add(veneers);
        }

        return true;
    }

    private void StoreFunctions(in Placement placement)
    {
        // Neighbours in the image that are neighbours in memory, usually all of them, are stored at once.
        for (int i = 0; i < _pendingFunctions.Count;)
        {
            int first = i, start = _pendingFunctions[i].Piece.Start;
            ulong address = placement.Code[i].Address;
            Piece last;
            do
            {
                last = _pendingFunctions[i++].Piece;
            }
            while (i < _pendingFunctions.Count && placement.Code[i].Address - address == (ulong)(_pendingFunctions[i].Piece.Start - start));

            _heap.Memory.Store(placement.Arena.Mapping, placement.Code[first].Address, _code.Slice(start, last.Start + last.Length - start));
        }
    }

    private void StoreVeneers(in ArenaMapping arena)
    {
        Span<byte> veneer = stackalloc byte[_heap.Machine.VeneerSize];
        _heap.Machine.Veneer.CopyTo(veneer);
        foreach ((ulong target, ulong address) in _veneerOf)
        {
            if (address != 0)
            {
                MemoryMarshal.Write(veneer[_heap.Machine.Veneer.Length..], target);
                _heap.Memory.Store(arena, address, veneer);
            }
        }
    }

    private void StoreData(in Placement placement)
    {
        ArenaMapping arena = placement.Arena.Mapping;
        foreach (DataBlock block in placement.Data)
        {
            // The memory may have held other data before.
            for (long offset = 0; offset < block.Size; offset += 1 << 30)
            {
                _heap.Memory.Fill(arena, block.Address + (ulong)offset, Math.Min(block.Size - offset, 1 << 30), [0]);
            }
        }

        Span<byte> slot = stackalloc byte[sizeof(ulong)];
        foreach ((ExternalName name, ulong address) in _slotOf)
        {
            ulong target = _names[name].Address;
            MemoryMarshal.Write(slot, target);
            _heap.Memory.Store(arena, address, slot);
        }

        foreach (PendingData pending in _pendingData)
        {
            _heap.Memory.Store(arena, pending.Data.PlacedAt, _contents.Slice(pending.Piece.Start, pending.Piece.Length));
        }
    }

    private void ClearPending()
    {
        _pendingFunctions.Clear();
        _pendingData.Clear();
        _code.Clear();
        _contents.Clear();
        _relocations.Clear();
        _veneerOf.Clear();
        _slotOf.Clear();
    }

    private static long AlignUp(long value, int alignment) => (value + alignment - 1) & -(long)alignment;

    /// <summary>A definition's bytes in its image and its relocations.</summary>
    private readonly record struct Piece(int Start, int Length, int FirstRelocation, int RelocationCount);

    private readonly record struct PendingFunction(JitFunction Function, Piece Piece, int Alignment);

    private readonly record struct PendingData(JitData Data, Piece Piece);

    /// <summary>Memory reserved for everything pending: functions in order, then veneers; read-only data, then writable data.</summary>
    private readonly record struct Placement(CodeBlock[] Code, DataBlock[] Data, bool HasReadOnly, bool HasWritable, bool HasVeneers)
    {
        public CodeArena Arena => Code.Length > 0 ? Code[0].Arena : Data[0].Arena;

        public CodeBlock? Veneers => HasVeneers ? Code[^1] : null;

        public DataBlock? ReadOnly => HasReadOnly ? Data[0] : null;

        public DataBlock? Writable => HasWritable ? Data[^1] : null;

        public void Abandon(CodeHeap heap) => heap.Abandon(Code, Data);
    }

    /// <summary>The last step: every entry is released, and from then on any thread may call.</summary>
    private sealed class Reachability(JitFunction[] functions, List<PendingData> data, EntryReplacement[] replacements) : IPublicationTarget
    {
        public void MakeReachable()
        {
            foreach (PendingData pending in data)
            {
                pending.Data.MakeReachable();
            }

            foreach (JitFunction function in functions)
            {
                function.MakeReachable();
            }

            foreach (EntryReplacement replacement in replacements)
            {
                replacement.Entry.Redirect(replacement.Function);
            }
        }
    }
}
