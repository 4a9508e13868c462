// A module collects functions and data, resolves the names they mention and publishes everything at once.
//
// Publishing goes: resolve names; reserve code, veneers, table slots and data in one arena; fill in relocations in the
// module's own buffer; store each piece once; run the publication plan. Whatever fails before the plan's last step leaves
// the module as it was.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;
using MiniJit.Codegen;
using MiniJit.IR;
using MiniJit.IR.Collections;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Publication;

namespace MiniJit.Runtime.Linking;

/// <summary>
/// Functions and data objects that are linked together and live together. Thread-safe. Definitions are copied, so their
/// source may be reused at once. A module that is not disposed of keeps its memory as long as its heap.
/// </summary>
public sealed partial class JitModule : IDisposable
{
    private readonly Lock _lock = new();
    private readonly CodeHeap _heap;
    private readonly ISymbolSource _symbols;
    private readonly Dictionary<ExternalName, Symbol> _names = [];
    private readonly List<LinkError> _definitionErrors = [];
    private readonly List<JitBatch> _batches = [];
    private readonly List<JitData> _data = [];
    private readonly List<DataBlock> _dataBlocks = [];
    private CodeArena? _arena;
    private bool _isDisposed;

    /// <summary>Creates an empty module.</summary>
    /// <param name="heap">Where its code will live.</param>
    /// <param name="symbols">Where names are looked up that the module does not define; the symbols of this process by default.</param>
    public JitModule(CodeHeap heap, ISymbolSource? symbols = null)
    {
        ArgumentNullException.ThrowIfNull(heap);
        _heap = heap;
        _symbols = symbols ?? ProcessSymbols.Instance;
    }

    /// <summary>Defines a function. A second definition of a name is an error that publishing reports.</summary>
    public JitFunction Define(ExternalName name, CompiledCode code)
    {
        ArgumentNullException.ThrowIfNull(code);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            int alignment = Math.Max(code.Alignment, RangeAllocator.Granule);
            JitFunction function = new(name, code, _pending, (int)AlignUp(_code.Count, alignment));
            if (TryDeclare(name, new(function, null, 0)))
            {
                AddPending(function, code, alignment);
            }

            return function;
        }
    }

    /// <summary>Defines a data object with contents, in which addresses of other symbols may be filled in.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="contents">Its bytes; copied.</param>
    /// <param name="alignment">Alignment of its address, a power of two.</param>
    /// <param name="isWritable">Whether it may be written to once it is published.</param>
    /// <param name="relocations">Places in it that hold addresses (<see cref="RelocationKind.Abs8"/>).</param>
    public JitData DefineData(
        ExternalName name, ReadOnlySpan<byte> contents, int alignment = 16, bool isWritable = false, ReadOnlySpan<Relocation> relocations = default)
    {
        CheckAlignment(alignment);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            JitData data = new(name, contents.Length, alignment, isWritable);
            if (TryDeclare(name, new(null, data, 0)))
            {
                AddPending(data, contents, relocations);
            }

            return data;
        }
    }

    /// <summary>Defines a writable data object of zeros.</summary>
    public JitData DefineZeroData(ExternalName name, long size, int alignment = 16)
    {
        CheckAlignment(alignment);
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            JitData data = new(name, size, alignment, isWritable: true);
            if (TryDeclare(name, new(null, data, 0)))
            {
                AddPending(data, [], []);
            }

            return data;
        }
    }

    /// <summary>
    /// Defines a function that can be replaced: calls of its name, and of <see cref="JitEntry.Function"/>, go to
    /// <paramref name="target"/> first and to other versions later.
    /// </summary>
    /// <param name="name">The name that callers use.</param>
    /// <param name="target">The name of the first version.</param>
    public JitEntry DefineEntry(ExternalName name, ExternalName target)
    {
        lock (_lock)
        {
            ExternalName slotName = ExternalName.Symbol($"{name}.slot");
            JitData slot = DefineData(slotName, stackalloc byte[sizeof(ulong)], sizeof(ulong), isWritable: true, [new(0, RelocationKind.Abs8, target, 0)]);
            JitFunction stub = Define(name, JitEntry.WriteStub(_heap.Machine, slotName));
            return new(_heap, stub, slot, _names.TryGetValue(target, out Symbol symbol) ? symbol.Function : null);
        }
    }

    /// <summary>Gives a name to an address outside of the module: a host function, an object, a function of another module.</summary>
    public void Import(ExternalName name, nint address)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            TryDeclare(name, new(null, null, (ulong)address));
        }
    }

    /// <summary>The published or defined function of a name.</summary>
    public bool TryGetFunction(ExternalName name, out JitFunction? function)
    {
        lock (_lock)
        {
            function = _names.TryGetValue(name, out Symbol symbol) ? symbol.Function : null;
            return function is not null;
        }
    }

    /// <summary>The published or defined data object of a name.</summary>
    public bool TryGetData(ExternalName name, out JitData? data)
    {
        lock (_lock)
        {
            data = _names.TryGetValue(name, out Symbol symbol) ? symbol.Data : null;
            return data is not null;
        }
    }

    /// <summary>
    /// Links and publishes everything that was defined since the last time, at once: other cores are synchronised once,
    /// however many functions there are.
    /// </summary>
    /// <param name="errors">Everything that is wrong, in order of definition; empty on success.</param>
    /// <returns>Whether the functions can be called now.</returns>
    public bool TryPublish(out IReadOnlyList<LinkError> errors) => TryPublish([], out errors);

    /// <summary>
    /// The same for functions of which some take the place of others: the entries are swapped in the last step, when the new versions can be
    /// executed by every core. What was replaced stays alive until it is freed through its module (<see cref="Free"/>).
    /// </summary>
    /// <param name="replacements">Published entries and functions of this module that are not published yet.</param>
    /// <param name="errors">Everything that is wrong, in order of definition; empty on success.</param>
    /// <returns>Whether the functions can be called now.</returns>
    /// <exception cref="InvalidOperationException">An entry is not published, or a function is not about to be.</exception>
    public bool TryPublish(ReadOnlySpan<EntryReplacement> replacements, out IReadOnlyList<LinkError> errors)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            CheckReplacements(replacements);
            List<LinkError> found = [.. _definitionErrors];
            errors = found;
            ResolveAll(found);
            if (found.Count != 0)
            {
                return false;
            }

            if (_pending.Count == 0 && _pendingData.Count == 0)
            {
                return true;
            }

            return LinkAndPublish(replacements.ToArray(), found);
        }
    }

    /// <summary>
    /// Frees one published function: nobody can look it up any more, and its memory is given back when no thread is
    /// inside of compiled code that entered before. Nothing else may still refer to it.
    /// </summary>
    public void Free(JitFunction function)
    {
        ArgumentNullException.ThrowIfNull(function);
        lock (_lock)
        {
            if (!function.IsPublished || !_names.TryGetValue(function.Name, out Symbol symbol) || symbol.Function != function)
            {
                throw new InvalidOperationException($"{function.Name} is not a published function of this module.");
            }

            _names.Remove(function.Name);
            function.MakeUnreachable();
            _heap.Retire([function.Batch.PieceOf(function)], []);
        }
    }

    /// <summary>Frees everything that the module published, together. Calls that are under way finish first; new ones must not begin.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            foreach (JitData data in _data)
            {
                data.MakeUnreachable();
            }

            var code = new CodePiece[_batches.Count];
            for (int i = 0; i < code.Length; i++)
            {
                _batches[i].MakeUnreachable();
                code[i] = new(_batches[i].Block!);
            }

            if (code.Length + _dataBlocks.Count > 0)
            {
                _heap.Retire(code, _dataBlocks.ToArray());
            }
        }
    }

    private static void CheckAlignment(int alignment)
    {
        if (alignment is <= 0 or > 4096 || (alignment & (alignment - 1)) != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(alignment), alignment, "A power of two up to 4096 is expected.");
        }
    }

    // Nothing may go wrong in the last step.
    private void CheckReplacements(ReadOnlySpan<EntryReplacement> replacements)
    {
        foreach ((JitEntry entry, JitFunction function) in replacements)
        {
            if (!entry.Function.IsPublished || !IsPending(function))
            {
                throw new InvalidOperationException($"{function.Name} cannot replace what is behind {entry.Function.Name}: "
                    + (entry.Function.IsPublished ? "it is not about to be published by this module." : "the entry is not published."));
            }
        }
    }

    private bool TryDeclare(ExternalName name, Symbol symbol)
    {
        ref Symbol slot = ref CollectionsMarshal.GetValueRefOrAddDefault(_names, name, out bool exists);
        if (exists && !slot.IsFromSource)
        {
            _definitionErrors.Add(new(LinkErrorKind.DuplicateSymbol, name, name, $"Duplicate definition of {name}"));
            return false;
        }

        slot = symbol;
        return true;
    }

    /// <summary>What a name stands for: a function or data object of the module, or an address outside of it.</summary>
    private readonly record struct Symbol(JitFunction? Function, JitData? Data, ulong Imported, bool IsFromSource = false)
    {
        public ulong Address => Function is not null ? Function.PlacedAt : Data is not null ? Data.PlacedAt : Imported;
    }
}
