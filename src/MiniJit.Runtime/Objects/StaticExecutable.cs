// A module as a static ELF executable for Linux, linked by ourselves: no C library, nothing left to relocate when it is loaded. Code, data that
// is only read (with the table of addresses that code loads from) and data that is written are segments of their own, so nothing is writable and
// executable. Execution begins in `_start` (see StartCode).
using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using MiniJit.Runtime.Linking;

namespace MiniJit.Runtime.Objects;

internal static class StaticExecutable
{
    private const int SlotSize = sizeof(ulong);

    /// <summary>Makes the file.</summary>
    /// <param name="module">What goes into it, <see cref="StartCode"/> included.</param>
    /// <param name="entry">The symbol where execution begins.</param>
    /// <param name="file">The bytes, if nothing is wrong.</param>
    /// <param name="errors">Everything that is wrong.</param>
    public static bool TryWrite(ObjectModule module, int entry, out byte[] file, out IReadOnlyList<LinkError> errors) =>
        TryWrite(module, entry, out file, out _, out errors);

    /// <summary>Makes the file.</summary>
    /// <param name="module">What goes into it.</param>
    /// <param name="entry">The symbol where execution begins.</param>
    /// <param name="file">The bytes, if nothing is wrong.</param>
    /// <param name="addresses">Where each section will be.</param>
    /// <param name="errors">Everything that is wrong.</param>
    public static bool TryWrite(ObjectModule module, int entry, out byte[] file, out ulong[] addresses, out IReadOnlyList<LinkError> errors)
    {
        List<LinkError> found = [.. module.Errors];
        errors = found;
        CheckDefined(module, found);
        file = [];
        addresses = [];
        if (found.Count > 0)
        {
            return false;
        }

        int[] slots = AssignSlots(module, out int slotCount);
        int slotStart = RoundUp(module.Contents(ObjectSection.ReadOnlyData).Length, SlotSize);
        byte[][] images =
        [
            [],
            module.Contents(ObjectSection.Text).ToArray(),
            new byte[slotCount > 0 ? slotStart + (slotCount * SlotSize) : module.Contents(ObjectSection.ReadOnlyData).Length],
            module.Contents(ObjectSection.Data).ToArray(),
        ];
        module.Contents(ObjectSection.ReadOnlyData).CopyTo(images[(int)ObjectSection.ReadOnlyData]);

        var sizes = new (long Size, int Alignment)[ObjectModule.SectionCount];
        for (int i = 0; i < sizes.Length; i++)
        {
            int alignment = module.AlignmentOf((ObjectSection)i);
            sizes[i] = (images[i].Length, i == (int)ObjectSection.ReadOnlyData ? Math.Max(alignment, SlotSize) : alignment);
        }

        addresses = new ulong[sizes.Length];
        ElfFile.Place(module.Triple, sizes, addresses);
        FillSlots(module, slots, images[(int)ObjectSection.ReadOnlyData].AsSpan(Math.Min(slotStart, images[(int)ObjectSection.ReadOnlyData].Length)), addresses);
        Relocate(module, slots, addresses[(int)ObjectSection.ReadOnlyData] + (ulong)slotStart, images, addresses, found);
        if (found.Count > 0)
        {
            return false;
        }

        file = Write(module, entry, images, sizes, addresses);
        return true;
    }

    private static byte[] Write(ObjectModule module, int entry, byte[][] images, (long Size, int Alignment)[] sizes, ulong[] addresses)
    {
        ElfFile elf = new(module.Triple, ElfType.Executable) { Entry = AddressOf(module.Symbols[entry], addresses) };
        var sections = new int[images.Length];
        int count = 1;
        for (int i = 1; i < images.Length; i++)
        {
            if (images[i].Length > 0)
            {
                (string name, ElfSectionFlags flags) = RelocatableObject.Describe((ObjectSection)i);
                sections[i] = elf.Add(new(name, ElfSectionType.ProgramBits, flags, images[i], sizes[i].Alignment) { Address = addresses[i] });
                count++;
            }
        }

        ElfSymbols symbols = new();
        foreach (ref readonly ObjectSymbol symbol in module.Symbols)
        {
            symbols.Add(symbol.LinkerName, sections[(int)symbol.Section], symbol.IsFunction, AddressOf(symbol, addresses), symbol.Size);
        }

        symbols.AddTo(elf, count);
        return elf.Write();
    }

    private static void CheckDefined(ObjectModule module, List<LinkError> errors)
    {
        HashSet<(int, int)> reported = [];
        foreach (ref readonly ObjectRelocation relocation in module.Relocations)
        {
            ObjectSymbol target = module.Symbols[relocation.Symbol];
            if (target.Section == ObjectSection.Undefined && reported.Add((relocation.Owner, relocation.Symbol)))
            {
                ObjectSymbol owner = module.Symbols[relocation.Owner];
                errors.Add(new(LinkErrorKind.UndefinedSymbol, target.Name, owner.Name,
                    $"Undeclared symbol {target.Name} is referenced by {owner.Name}; a static executable contains all that it uses"));
            }
        }
    }

    /// <summary>Position in the table of addresses of each symbol that is loaded from there; -1 for the others.</summary>
    private static int[] AssignSlots(ObjectModule module, out int count)
    {
        int[] slots = new int[module.Symbols.Length];
        Array.Fill(slots, -1);
        count = 0;
        foreach (ref readonly ObjectRelocation relocation in module.Relocations)
        {
            if (Relocator.InfoOf(relocation.Kind).ThroughSlot && slots[relocation.Symbol] < 0)
            {
                slots[relocation.Symbol] = count++;
            }
        }

        return slots;
    }

    private static void FillSlots(ObjectModule module, int[] slots, Span<byte> table, ulong[] addresses)
    {
        for (int i = 0; i < slots.Length; i++)
        {
            if (slots[i] >= 0)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(table[(slots[i] * SlotSize)..], AddressOf(module.Symbols[i], addresses));
            }
        }
    }

    private static void Relocate(ObjectModule module, int[] slots, ulong table, byte[][] images, ulong[] addresses, List<LinkError> errors)
    {
        ElfMachine machine = ElfMachine.Of(module.Triple.Architecture);
        foreach (ref readonly ObjectRelocation relocation in module.Relocations)
        {
            Span<byte> place = images[(int)relocation.Section].AsSpan(relocation.Offset);
            ulong address = addresses[(int)relocation.Section] + (ulong)relocation.Offset;
            ulong symbol = Relocator.InfoOf(relocation.Kind).ThroughSlot
                ? table + (ulong)(slots[relocation.Symbol] * SlotSize)
                : AddressOf(module.Symbols[relocation.Symbol], addresses);
            RelocationOutcome outcome = machine.RelocationType(relocation.Kind, place) == 0
                ? RelocationOutcome.Unsupported
                : Relocator.Apply(relocation.Kind, place, address, symbol, relocation.Addend);
            switch (outcome)
            {
                case RelocationOutcome.Done:
                    break;
                case RelocationOutcome.OutOfReach:
                    ObjectSymbol target = module.Symbols[relocation.Symbol], owner = module.Symbols[relocation.Owner];
                    errors.Add(new(LinkErrorKind.OutOfReach, target.Name, owner.Name,
                        $"{target.Name} at 0x{symbol:x} is out of reach of the {relocation.Kind} relocation in {owner.Name} at 0x{address:x}"));
                    break;
                default:
                    errors.Add(RelocatableObject.Unsupported(module, relocation));
                    break;
            }
        }
    }

    private static ulong AddressOf(in ObjectSymbol symbol, ulong[] addresses) => addresses[(int)symbol.Section] + (ulong)symbol.Offset;

    private static int RoundUp(int value, int multiple) => (value + multiple - 1) & -multiple;
}
