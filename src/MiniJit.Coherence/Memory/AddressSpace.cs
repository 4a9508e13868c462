// The pages of a process: addresses to frames and permissions, shared by all cores that run it. Memory is backed when it is first
// touched. A page is never writable and executable, unless an experiment permits it.
//
// Cores cache translations. Every change here that takes something away tells them, through TranslationsChanged.
using System;
using System.Collections.Generic;
using System.Diagnostics;

namespace MiniJit.Coherence.Memory;

/// <summary>One page of the table.</summary>
internal struct PageEntry
{
    /// <summary>Number of the frame plus one; 0 if the page is not backed yet.</summary>
    public int FramePlusOne;

    public PagePermissions Permissions;

    /// <summary>Whether there is a page; one without permissions is mapped too.</summary>
    public bool IsMapped;
}

internal sealed class AddressSpace(PhysicalMemory memory)
{
    /// <summary>User addresses have 48 bits.</summary>
    public const int AddressBits = 48;

    private const int TableBits = 9;

    /// <summary>Code, stack and data alternate, so the last table would not do.</summary>
    private const int RecentTables = 16;

    private readonly Dictionary<ulong, PageEntry[]> _tables = [];
    private readonly (ulong KeyPlusOne, PageEntry[] Table)[] _recent = new (ulong, PageEntry[])[RecentTables];

    /// <summary>Mappings went away or lost permissions: cached translations are void.</summary>
    public event Action? TranslationsChanged;

    /// <summary>Instructions can be fetched from a frame from now on.</summary>
    public event Action<int>? FrameExecutable;

    /// <summary>Instructions can be fetched at an address where they could not be before.</summary>
    public event Action<ulong>? PageExecutable;

    /// <summary>Instructions cannot be fetched from a frame any more.</summary>
    public event Action<int>? FrameUnexecutable;

    /// <summary>A frame is about to become free.</summary>
    public event Action<int>? FrameReleased;

    public PhysicalMemory Memory { get; } = memory;

    /// <summary>Whether pages may be writable and executable, as with other runtimes they are.</summary>
    public bool PermitsWritableCode { get; set; }

    /// <summary>Maps zeroed pages over whatever was there.</summary>
    public void Map(ulong address, ulong size, PagePermissions permissions)
    {
        CheckPermissions(permissions);
        Unmap(address, size);
        for (ulong page = address; page < address + size; page += PhysicalMemory.PageSize)
        {
            EntryOrNew(page) = new() { Permissions = permissions, IsMapped = true };
            NotePage(page, PagePermissions.None, permissions);
        }
    }

    /// <summary>Maps the frames of other pages a second time. Those that are not backed yet become so.</summary>
    public void MapAlias(ulong address, ulong of, ulong size, PagePermissions permissions)
    {
        CheckPermissions(permissions);
        Unmap(address, size);
        for (ulong offset = 0; offset < size; offset += PhysicalMemory.PageSize)
        {
            ref PageEntry original = ref EntryOrNew(of + offset);
            Debug.Assert(original.IsMapped);
            int frame = Back(ref original);
            Memory[frame].Mappings++;
            EntryOrNew(address + offset) = new() { FramePlusOne = frame + 1, Permissions = permissions, IsMapped = true };
            NoteExecutable(frame, PagePermissions.None, permissions);
            NotePage(address + offset, PagePermissions.None, permissions);
        }
    }

    /// <summary>Takes pages away, as far as there are any.</summary>
    public void Unmap(ulong address, ulong size)
    {
        bool changed = false;
        for (ulong page = address; page < address + size; page += PhysicalMemory.PageSize)
        {
            PageEntry[]? table = Find(page);
            if (table is null)
            {
                page |= ((1ul << TableBits) - 1) << PhysicalMemory.PageBits;     // nothing in the rest of this table
                continue;
            }

            ref PageEntry entry = ref table[Index(page)];
            if (entry.FramePlusOne != 0)
            {
                changed = true;
                int frame = entry.FramePlusOne - 1;
                NoteExecutable(frame, entry.Permissions, PagePermissions.None);
                if (Memory[frame].Mappings == 1)
                {
                    FrameReleased?.Invoke(frame);
                }

                Memory.Release(frame);
            }

            entry = default;
        }

        if (changed)
        {
            TranslationsChanged?.Invoke();
        }
    }

    /// <summary>Changes what may be done with pages; false (and nothing changed) if one of them is not mapped.</summary>
    public bool TryProtect(ulong address, ulong size, PagePermissions permissions)
    {
        CheckPermissions(permissions);
        if (!IsMapped(address, size))
        {
            return false;
        }

        for (ulong page = address; page < address + size; page += PhysicalMemory.PageSize)
        {
            ref PageEntry entry = ref EntryOrNew(page);
            PagePermissions before = entry.Permissions;
            entry.Permissions = permissions;
            if (entry.FramePlusOne != 0)
            {
                NoteExecutable(entry.FramePlusOne - 1, before, permissions);
            }

            NotePage(page, before, permissions);
        }

        TranslationsChanged?.Invoke();
        return true;
    }

    /// <summary>Whether all pages of a range are mapped.</summary>
    public bool IsMapped(ulong address, ulong size)
    {
        for (ulong page = address; page < address + size; page += PhysicalMemory.PageSize)
        {
            if (Find(page)?[Index(page)].IsMapped != true)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether the page at an address has a frame: one that has none is zero as far as anybody can tell.</summary>
    public bool IsBacked(ulong address) => Find(address)?[Index(address)].FramePlusOne > 0;

    /// <summary>Whether no page of a range is mapped.</summary>
    public bool IsFree(ulong address, ulong size)
    {
        for (ulong page = address; page < address + size; page += PhysicalMemory.PageSize)
        {
            if (Find(page)?[Index(page)].IsMapped == true)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Permissions of the page at an address; none if nothing is mapped.</summary>
    public PagePermissions PermissionsAt(ulong address) => Find(address)?[Index(address)].Permissions ?? PagePermissions.None;

    /// <summary>The frame behind an address, backing the page if it is not yet.</summary>
    public MemoryFaultKind Translate(ulong address, PagePermissions access, out int frame, out PagePermissions permissions)
    {
        frame = -1;
        permissions = PagePermissions.None;
        PageEntry[]? table = Find(address);
        if (table is null)
        {
            return MemoryFaultKind.Unmapped;
        }

        ref PageEntry entry = ref table[Index(address)];
        if (!entry.IsMapped)
        {
            return MemoryFaultKind.Unmapped;
        }

        permissions = entry.Permissions;
        if ((permissions & access) == 0)
        {
            return MemoryFaultKind.Permission;
        }

        frame = Back(ref entry);
        return MemoryFaultKind.None;
    }

    /// <summary>The frame behind a mapped address whatever its permissions, for the kernel's and the loader's own accesses.</summary>
    public bool TryGetFrame(ulong address, out int frame)
    {
        PageEntry[]? table = Find(address);
        if (table is null || !table[Index(address)].IsMapped)
        {
            frame = -1;
            return false;
        }

        frame = Back(ref table[Index(address)]);
        return true;
    }

    private void CheckPermissions(PagePermissions permissions)
    {
        const PagePermissions Both = PagePermissions.Write | PagePermissions.Execute;
        if ((permissions & Both) == Both && !PermitsWritableCode)
        {
            throw new ArgumentException("A page is never writable and executable.", nameof(permissions));
        }
    }

    private static int Index(ulong address) => (int)(address >> PhysicalMemory.PageBits) & ((1 << TableBits) - 1);

    private int Back(ref PageEntry entry)
    {
        if (entry.FramePlusOne == 0)
        {
            entry.FramePlusOne = Memory.Allocate() + 1;
            NoteExecutable(entry.FramePlusOne - 1, PagePermissions.None, entry.Permissions);
        }

        return entry.FramePlusOne - 1;
    }

    private void NoteExecutable(int frame, PagePermissions before, PagePermissions after)
    {
        bool was = (before & PagePermissions.Execute) != 0, isNow = (after & PagePermissions.Execute) != 0;
        Memory[frame].ExecutableMappings += (isNow ? 1 : 0) - (was ? 1 : 0);
        if (isNow)
        {
            FrameExecutable?.Invoke(frame);
        }
        else if (was && Memory[frame].ExecutableMappings == 0)
        {
            FrameUnexecutable?.Invoke(frame);
        }
    }

    private void NotePage(ulong address, PagePermissions before, PagePermissions after)
    {
        if ((after & ~before & PagePermissions.Execute) != 0)
        {
            PageExecutable?.Invoke(address);
        }
    }

    private PageEntry[]? Find(ulong address)
    {
        ulong key = address >> (PhysicalMemory.PageBits + TableBits);

        // The parts of a process lie far apart, at round addresses: what tells them from each other is in the upper bits.
        ref (ulong KeyPlusOne, PageEntry[] Table) recent = ref _recent[(key ^ (key >> 11) ^ (key >> 19)) % RecentTables];
        if (key + 1 != recent.KeyPlusOne)
        {
            if (!_tables.TryGetValue(key, out PageEntry[]? table))
            {
                return null;
            }

            recent = (key + 1, table);
        }

        return recent.Table;
    }

    private ref PageEntry EntryOrNew(ulong address)
    {
        if (address >> AddressBits != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(address), "User addresses have 48 bits.");
        }

        PageEntry[]? table = Find(address);
        if (table is null)
        {
            table = new PageEntry[1 << TableBits];
            _tables.Add(address >> (PhysicalMemory.PageBits + TableBits), table);
        }

        return ref table[Index(address)];
    }
}
