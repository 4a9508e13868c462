// Writes ELF64, little-endian (System V ABI, chapters 4 and 5: object files, program loading). Sections are laid out in the order in which they
// were added, each aligned; then come the section headers. Executables are told where their sections will be: every loaded section is a
// segment of its own, whose address and file offset agree modulo the page size, so that the file stays as small as it can be.
using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;
using MiniJit.Codegen.Settings;
using MiniJit.IR.Collections;

namespace MiniJit.Runtime.Objects;

/// <summary>e_type.</summary>
internal enum ElfType : ushort
{
    Relocatable = 1,
    Executable = 2,
}

/// <summary>sh_type.</summary>
internal enum ElfSectionType : uint
{
    Null = 0,
    ProgramBits = 1,
    Symbols = 2,
    Strings = 3,
    Rela = 4,
    NoBits = 8,
}

/// <summary>sh_flags.</summary>
[Flags]
internal enum ElfSectionFlags : ulong
{
    None = 0,
    Write = 1,
    Allocate = 2,
    Execute = 4,
    InfoLink = 0x40,
}

/// <summary>A section and, in an executable, the segment that it makes.</summary>
internal sealed record ElfSection(string Name, ElfSectionType Type, ElfSectionFlags Flags, byte[] Contents, int Alignment)
{
    public int Link { get; init; }

    public int Info { get; init; }

    public int EntrySize { get; init; }

    /// <summary>Where it will be loaded; 0 in relocatable files.</summary>
    public ulong Address { get; init; }

    /// <summary>Bytes of zeros behind the contents.</summary>
    public long ZeroBytes { get; init; }
}

/// <summary>An ELF file being put together.</summary>
internal sealed class ElfFile(TargetTriple triple, ElfType type)
{
    /// <summary>Bytes of a symbol and of a relocation with addend.</summary>
    public const int SymbolSize = 24, RelaSize = 24;

    /// <summary>Where executables begin, as with the system's linkers.</summary>
    public const ulong ImageBase = 0x40_0000;

    private const int HeaderSize = 64, ProgramHeaderSize = 56, SectionHeaderSize = 64;
    private const uint LoadSegment = 1, StackSegment = 0x6474_E551;

    private readonly List<ElfSection> _sections = [new("", ElfSectionType.Null, ElfSectionFlags.None, [], 1)];

    /// <summary>Where execution begins.</summary>
    public ulong Entry { get; set; }

    /// <summary>Largest page of the architecture's Linux: what may be protected differently must be this far apart.</summary>
    public static int PageSize(TargetTriple triple) => triple.Architecture == TargetArchitecture.Arm64 ? 0x1_0000 : 0x1000;

    /// <summary>Adds a section.</summary>
    /// <returns>Its index.</returns>
    public int Add(ElfSection section)
    {
        _sections.Add(section);
        return _sections.Count - 1;
    }

    /// <summary>
    /// Where sections of an executable will be that are added in this order, each in pages of its own. The file offsets that
    /// <see cref="Write"/> chooses agree with it.
    /// </summary>
    /// <param name="triple">The machine.</param>
    /// <param name="sections">Size and alignment of each; those without bytes take no segment.</param>
    /// <param name="addresses">Their addresses.</param>
    public static void Place(TargetTriple triple, ReadOnlySpan<(long Size, int Alignment)> sections, Span<ulong> addresses)
    {
        int segments = 0;
        foreach ((long size, _) in sections)
        {
            segments += size > 0 ? 1 : 0;
        }

        ulong page = (ulong)PageSize(triple), address = ImageBase;
        long offset = HeadersSize(segments);
        for (int i = 0; i < sections.Length; i++)
        {
            (long size, int alignment) = sections[i];
            offset = RoundUp(offset, alignment);
            addresses[i] = address + ((ulong)offset & (page - 1));
            if (size > 0)
            {
                address = (addresses[i] + (ulong)size + page - 1) & ~(page - 1);
                offset += size;
            }
        }
    }

    /// <summary>Makes the file; called once, after everything was added.</summary>
    public byte[] Write()
    {
        int[] names = AddNames();
        int segments = type == ElfType.Executable ? CountSegments() + 1 : 0;
        var offsets = new long[_sections.Count];
        long end = type == ElfType.Executable ? HeadersSize(segments - 1) : HeaderSize;
        for (int i = 1; i < _sections.Count; i++)
        {
            offsets[i] = end = RoundUp(end, _sections[i].Alignment);
            end += _sections[i].Contents.Length;
        }

        long headers = RoundUp(end, 8);
        byte[] file = new byte[headers + (SectionHeaderSize * _sections.Count)];
        WriteHeader(file, segments, headers);
        Span<byte> program = file.AsSpan(HeaderSize);
        for (int i = 1; i < _sections.Count; i++)
        {
            ElfSection section = _sections[i];
            section.Contents.CopyTo(file.AsSpan((int)offsets[i]));
            WriteSectionHeader(file.AsSpan((int)headers + (SectionHeaderSize * i)), section, names[i], offsets[i]);
            if (IsSegment(section))
            {
                WriteSegment(program, LoadSegment, section, offsets[i]);
                program = program[ProgramHeaderSize..];
            }
        }

        if (segments > 0)
        {
            // Says that the stack is not to be executed.
            WriteSegment(program, StackSegment, new("", ElfSectionType.Null, ElfSectionFlags.Write | ElfSectionFlags.Allocate, [], 16), 0);
        }

        return file;
    }

    // Adds the last section, which holds the names of all.
    private int[] AddNames()
    {
        ElfStrings strings = new();
        var offsets = new int[_sections.Count + 1];
        for (int i = 0; i < _sections.Count; i++)
        {
            offsets[i] = strings.Add(_sections[i].Name);
        }

        const string Name = ".shstrtab";
        offsets[^1] = strings.Add(Name);
        Add(new(Name, ElfSectionType.Strings, ElfSectionFlags.None, strings.ToArray(), 1));
        return offsets;
    }

    private static long HeadersSize(int loadSegments) => HeaderSize + ((loadSegments + 1) * ProgramHeaderSize);

    private bool IsSegment(ElfSection section) =>
        type == ElfType.Executable && (section.Flags & ElfSectionFlags.Allocate) != 0 && section.Contents.Length + section.ZeroBytes > 0;

    private int CountSegments()
    {
        int count = 0;
        foreach (ElfSection section in _sections)
        {
            count += IsSegment(section) ? 1 : 0;
        }

        return count;
    }

    private void WriteHeader(Span<byte> file, int segments, long sectionHeaders)
    {
        ReadOnlySpan<byte> identity = [0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];    // 64 bits, little-endian, version 1
        identity.CopyTo(file);
        Write16(file, 16, (ushort)type);
        Write16(file, 18, ElfMachine.Of(triple.Architecture).Number);
        Write32(file, 20, 1);                                  // version
        Write64(file, 24, Entry);
        Write64(file, 32, segments > 0 ? HeaderSize : 0ul);    // e_phoff
        Write64(file, 40, (ulong)sectionHeaders);              // e_shoff
        Write16(file, 52, HeaderSize);
        Write16(file, 54, (ushort)(segments > 0 ? ProgramHeaderSize : 0));
        Write16(file, 56, (ushort)segments);
        Write16(file, 58, SectionHeaderSize);
        Write16(file, 60, (ushort)_sections.Count);
        Write16(file, 62, (ushort)(_sections.Count - 1));      // e_shstrndx
    }

    private static void WriteSectionHeader(Span<byte> header, ElfSection section, int name, long offset)
    {
        Write32(header, 0, (uint)name);
        Write32(header, 4, (uint)section.Type);
        Write64(header, 8, (ulong)section.Flags);
        Write64(header, 16, section.Address);
        Write64(header, 24, (ulong)offset);
        Write64(header, 32, (ulong)section.Contents.Length + (ulong)section.ZeroBytes);
        Write32(header, 40, (uint)section.Link);
        Write32(header, 44, (uint)section.Info);
        Write64(header, 48, (ulong)section.Alignment);
        Write64(header, 56, (ulong)section.EntrySize);
    }

    private void WriteSegment(Span<byte> header, uint kind, ElfSection section, long offset)
    {
        const uint Execute = 1, Write = 2, Read = 4;
        Write32(header, 0, kind);
        Write32(header, 4, Read
            | ((section.Flags & ElfSectionFlags.Write) != 0 ? Write : 0)
            | ((section.Flags & ElfSectionFlags.Execute) != 0 ? Execute : 0));
        Write64(header, 8, (ulong)offset);
        Write64(header, 16, section.Address);
        Write64(header, 24, section.Address);
        Write64(header, 32, (ulong)section.Contents.Length);
        Write64(header, 40, (ulong)section.Contents.Length + (ulong)section.ZeroBytes);
        Write64(header, 48, kind == LoadSegment ? (ulong)PageSize(triple) : 16ul);
    }

    private static long RoundUp(long value, long multiple) => (value + multiple - 1) & -multiple;

    private static void Write16(Span<byte> bytes, int offset, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(bytes[offset..], value);

    private static void Write32(Span<byte> bytes, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(bytes[offset..], value);

    private static void Write64(Span<byte> bytes, int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(bytes[offset..], value);
}

/// <summary>A string table: names behind each other, each ended by a zero, the empty one first.</summary>
internal sealed class ElfStrings
{
    private Column<byte> _bytes;

    public ElfStrings() => _bytes.Add(0);

    /// <summary>Adds a name.</summary>
    /// <returns>Its offset.</returns>
    public int Add(string name)
    {
        if (name.Length == 0)
        {
            return 0;
        }

        int offset = _bytes.Count;
        _bytes.AddRange(Encoding.UTF8.GetBytes(name));
        _bytes.Add(0);
        return offset;
    }

    public byte[] ToArray() => _bytes.Span.ToArray();
}

/// <summary>A symbol table: the null symbol first, then local symbols, then global ones.</summary>
internal sealed class ElfSymbols
{
    /// <summary>st_shndx of a symbol that is defined elsewhere.</summary>
    public const int Undefined = 0;

    private const byte Global = 1 << 4, Object = 1, Function = 2;

    private readonly ElfStrings _names = new();
    private Column<byte> _bytes;

    public ElfSymbols() => _bytes.Resize(ElfFile.SymbolSize);

    /// <summary>The names of all symbols.</summary>
    public ElfStrings Names => _names;

    /// <summary>Adds a global symbol.</summary>
    /// <returns>Its index.</returns>
    public int Add(string name, int section, bool isFunction, ulong value, long size)
    {
        Span<byte> symbol = stackalloc byte[ElfFile.SymbolSize];
        BinaryPrimitives.WriteInt32LittleEndian(symbol, _names.Add(name));
        symbol[4] = (byte)(Global | (section == Undefined ? 0 : isFunction ? Function : Object));
        symbol[5] = 0;                                         // default visibility
        BinaryPrimitives.WriteUInt16LittleEndian(symbol[6..], (ushort)section);
        BinaryPrimitives.WriteUInt64LittleEndian(symbol[8..], value);
        BinaryPrimitives.WriteInt64LittleEndian(symbol[16..], size);
        _bytes.AddRange(symbol);
        return (_bytes.Count / ElfFile.SymbolSize) - 1;
    }

    /// <summary>Adds the table and its names to a file.</summary>
    /// <returns>The table's section.</returns>
    public int AddTo(ElfFile file, int sectionsBefore)
    {
        int table = file.Add(new(".symtab", ElfSectionType.Symbols, ElfSectionFlags.None, _bytes.Span.ToArray(), 8)
        {
            Link = sectionsBefore + 1,
            Info = 1,                                          // the first global symbol
            EntrySize = ElfFile.SymbolSize,
        });
        file.Add(new(".strtab", ElfSectionType.Strings, ElfSectionFlags.None, _names.ToArray(), 1));
        return table;
    }
}
