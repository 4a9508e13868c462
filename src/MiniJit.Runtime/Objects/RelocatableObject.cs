// A module as a relocatable ELF file: what a system's linker takes together with the objects of other compilers. Symbols are
// global, addresses that code loads from a table are left to the linker's own table, and the stack is not to be executed.
using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using MiniJit.IR.Collections;
using MiniJit.Runtime.Linking;

namespace MiniJit.Runtime.Objects;

internal static class RelocatableObject
{
    private static readonly (string Name, ElfSectionFlags Flags)[] s_sections =
    [
        ("", ElfSectionFlags.None),
        (".text", ElfSectionFlags.Allocate | ElfSectionFlags.Execute),
        (".rodata", ElfSectionFlags.Allocate),
        (".data", ElfSectionFlags.Allocate | ElfSectionFlags.Write),
    ];

    /// <summary>Name and flags of a section.</summary>
    public static (string Name, ElfSectionFlags Flags) Describe(ObjectSection section) => s_sections[(int)section];

    /// <summary>Makes the file.</summary>
    /// <param name="module">What goes into it.</param>
    /// <param name="file">The bytes, if nothing is wrong.</param>
    /// <param name="errors">Everything that is wrong.</param>
    public static bool TryWrite(ObjectModule module, out byte[] file, out IReadOnlyList<LinkError> errors)
    {
        List<LinkError> found = [.. module.Errors];
        errors = found;
        ElfFile elf = new(module.Triple, ElfType.Relocatable);
        var sections = new int[ObjectModule.SectionCount];
        int count = 1;
        for (ObjectSection section = ObjectSection.Text; section <= ObjectSection.Data; section++)
        {
            if (section == ObjectSection.Text || module.Contents(section).Length > 0)
            {
                (string name, ElfSectionFlags flags) = Describe(section);
                sections[(int)section] = elf.Add(new(name, ElfSectionType.ProgramBits, flags, module.Contents(section).ToArray(), module.AlignmentOf(section)));
                count++;
            }
        }

        ElfSymbols symbols = new();
        foreach (ref readonly ObjectSymbol symbol in module.Symbols)
        {
            symbols.Add(symbol.LinkerName, sections[(int)symbol.Section], symbol.IsFunction, (ulong)symbol.Offset, symbol.Size);
        }

        int table = symbols.AddTo(elf, count);
        for (ObjectSection section = ObjectSection.Text; section <= ObjectSection.Data; section++)
        {
            byte[] relocations = Relocations(module, section, found);
            if (relocations.Length > 0)
            {
                elf.Add(new($".rela{Describe(section).Name}", ElfSectionType.Rela, ElfSectionFlags.InfoLink, relocations, 8)
                {
                    Link = table,
                    Info = sections[(int)section],
                    EntrySize = ElfFile.RelaSize,
                });
            }
        }

        elf.Add(new(".note.GNU-stack", ElfSectionType.ProgramBits, ElfSectionFlags.None, [], 1));
        file = found.Count == 0 ? elf.Write() : [];
        return found.Count == 0;
    }

    // r_offset, r_info (symbol << 32 | type), r_addend. Symbol i of the module is symbol i + 1 of the table.
    private static byte[] Relocations(ObjectModule module, ObjectSection section, List<LinkError> errors)
    {
        ElfMachine machine = ElfMachine.Of(module.Triple.Architecture);
        ReadOnlySpan<byte> contents = module.Contents(section);
        Column<byte> bytes = default;
        Span<byte> entry = stackalloc byte[ElfFile.RelaSize];
        foreach (ref readonly ObjectRelocation relocation in module.Relocations)
        {
            if (relocation.Section != section)
            {
                continue;
            }

            uint type = machine.RelocationType(relocation.Kind, contents[relocation.Offset..]);
            if (type == 0)
            {
                errors.Add(Unsupported(module, relocation));
                continue;
            }

            BinaryPrimitives.WriteInt64LittleEndian(entry, relocation.Offset);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], ((ulong)relocation.Symbol + 1) << 32 | type);
            BinaryPrimitives.WriteInt64LittleEndian(entry[16..], relocation.Addend);
            bytes.AddRange(entry);
        }

        return bytes.Span.ToArray();
    }

    /// <summary>The error for a relocation that a file cannot express.</summary>
    public static LinkError Unsupported(ObjectModule module, in ObjectRelocation relocation)
    {
        ObjectSymbol target = module.Symbols[relocation.Symbol], owner = module.Symbols[relocation.Owner];
        return new(LinkErrorKind.UnsupportedRelocation, target.Name, owner.Name,
            $"The {relocation.Kind} relocation in {owner.Name} is not supported on {module.Triple.ArchitectureName}");
    }
}
