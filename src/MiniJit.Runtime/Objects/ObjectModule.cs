// Compiled functions and data on their way into a file instead of into memory: section images, symbols, relocations. Knows no file
// format and no instruction set; RelocatableObject and StaticExecutable make files of it.
//
// Linker names. `%foo` is `foo`, a library routine is the C library's name, and the numbered `u0:12` is `u0_12`, which C can say. Two names of
// a module that become one linker name are an error, like two definitions of one name.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Runtime.InteropServices;
using MiniJit.Codegen;
using MiniJit.Codegen.Settings;
using MiniJit.IR;
using MiniJit.IR.Collections;
using MiniJit.Runtime.Linking;
using MiniJit.Runtime.Platform;

namespace MiniJit.Runtime.Objects;

/// <summary>Where a symbol lies.</summary>
internal enum ObjectSection : byte
{
    /// <summary>Somewhere else: the linker finds it.</summary>
    Undefined,

    /// <summary>Machine code with its constants: read and executed.</summary>
    Text,

    /// <summary>Data that is only read.</summary>
    ReadOnlyData,

    /// <summary>Data that is written.</summary>
    Data,
}

/// <summary>A symbol of a module.</summary>
internal struct ObjectSymbol
{
    /// <summary>Its name in CLIF.</summary>
    public ExternalName Name;

    /// <summary>Its name in the file.</summary>
    public string LinkerName;

    public ObjectSection Section;
    public bool IsFunction;

    /// <summary>Offset in its section and size, in bytes.</summary>
    public int Offset, Size;
}

/// <summary>A place in a section that the linker fills in.</summary>
internal readonly record struct ObjectRelocation(int Owner, ObjectSection Section, int Offset, RelocationKind Kind, int Symbol, long Addend);

/// <summary>Functions and data that go into one file. Used by one thread; what is defined is copied.</summary>
internal sealed class ObjectModule(TargetTriple triple)
{
    /// <summary>Number of sections, the undefined one included.</summary>
    public const int SectionCount = (int)ObjectSection.Data + 1;

    private readonly SectionImage[] _sections = [new(), new(), new(), new()];
    private readonly Dictionary<ExternalName, int> _indices = [];
    private readonly Dictionary<string, int> _linkerNames = new(StringComparer.Ordinal);
    private readonly List<LinkError> _errors = [];
    private readonly MachineTraits _machine = MachineTraits.Of(
        triple.Architecture == TargetArchitecture.Arm64 ? Architecture.Arm64 : Architecture.X64);

    private Column<ObjectSymbol> _symbols;
    private Column<ObjectRelocation> _relocations;

    /// <summary>What the file is for.</summary>
    public TargetTriple Triple { get; } = triple;

    /// <summary>Symbols in the order in which they were first mentioned.</summary>
    public ReadOnlySpan<ObjectSymbol> Symbols => _symbols.Span;

    public ReadOnlySpan<ObjectRelocation> Relocations => _relocations.Span;

    /// <summary>What is wrong with the definitions so far.</summary>
    public IReadOnlyList<LinkError> Errors => _errors;

    /// <summary>The bytes of a section.</summary>
    public ReadOnlySpan<byte> Contents(ObjectSection section) => _sections[(int)section].Bytes.Span;

    /// <summary>The alignment of a section, a power of two.</summary>
    public int AlignmentOf(ObjectSection section) => _sections[(int)section].Alignment;

    /// <summary>Defines a function.</summary>
    public void Define(ExternalName name, CompiledCode code) => DefineCode(name, code.Bytes, code.Relocations, code.Alignment);

    /// <summary>Defines a function that was not compiled.</summary>
    public void DefineCode(ExternalName name, ReadOnlySpan<byte> code, ReadOnlySpan<Relocation> relocations, int alignment = 16) =>
        Define(name, ObjectSection.Text, code, relocations, alignment, _machine.Filler);

    /// <summary>Defines a data object.</summary>
    public void DefineData(
        ExternalName name, ReadOnlySpan<byte> contents, int alignment = 16, bool isWritable = false, ReadOnlySpan<Relocation> relocations = default) =>
        Define(name, isWritable ? ObjectSection.Data : ObjectSection.ReadOnlyData, contents, relocations, alignment, [0]);

    /// <summary>The defined symbol of a name.</summary>
    public bool TryFind(ExternalName name, out int symbol) =>
        _indices.TryGetValue(name, out symbol) && _symbols[symbol].Section != ObjectSection.Undefined;

    private void Define(
        ExternalName name, ObjectSection section, ReadOnlySpan<byte> contents, ReadOnlySpan<Relocation> relocations, int alignment, ReadOnlySpan<byte> filler)
    {
        int index = IndexOf(name);
        if (_symbols[index].Section != ObjectSection.Undefined)
        {
            _errors.Add(new(LinkErrorKind.DuplicateSymbol, name, name, $"Duplicate definition of {name}"));
            return;
        }

        int offset = _sections[(int)section].Append(contents, alignment, filler);
        ref ObjectSymbol symbol = ref _symbols[index];
        symbol.Section = section;
        symbol.IsFunction = section == ObjectSection.Text;
        symbol.Offset = offset;
        symbol.Size = contents.Length;
        foreach (ref readonly Relocation relocation in relocations)
        {
            if (relocation.Offset < 0 || relocation.Offset > contents.Length - Relocator.InfoOf(relocation.Kind).Size)
            {
                _errors.Add(new(LinkErrorKind.MalformedRelocation, relocation.Target, name,
                    $"The {relocation.Kind} relocation at offset {relocation.Offset} lies outside of {name}"));
                continue;
            }

            _relocations.Add(new(index, section, offset + relocation.Offset, relocation.Kind, IndexOf(relocation.Target), relocation.Addend));
        }
    }

    private int IndexOf(ExternalName name)
    {
        ref int index = ref CollectionsMarshal.GetValueRefOrAddDefault(_indices, name, out bool exists);
        if (!exists)
        {
            index = _symbols.Count;
            string linkerName = LinkerName(name);
            _symbols.Add(new() { Name = name, LinkerName = linkerName });
            if (!_linkerNames.TryAdd(linkerName, index))
            {
                ExternalName other = _symbols[_linkerNames[linkerName]].Name;
                _errors.Add(new(LinkErrorKind.DuplicateSymbol, name, other, $"{name} and {other} would both be {linkerName} in the file"));
            }
        }

        return index;
    }

    private static string LinkerName(ExternalName name) => name.Kind == ExternalNameKind.User
        ? string.Create(CultureInfo.InvariantCulture, $"u{name.Namespace}_{name.Index}")
        : name.LinkerName;

    private sealed class SectionImage
    {
        public Column<byte> Bytes;

        public int Alignment { get; private set; } = 1;

        public int Append(ReadOnlySpan<byte> contents, int alignment, ReadOnlySpan<byte> filler)
        {
            while (Bytes.Count % alignment != 0)
            {
                Bytes.Add(filler[Bytes.Count % filler.Length]);
            }

            Alignment = Math.Max(Alignment, alignment);
            int offset = Bytes.Count;
            Bytes.AddRange(contents);
            return offset;
        }
    }
}
