// A static AArch64 program that executes instruction words, each from its own state: it loads every register, jumps to the word's slot,
// and stores every register when the slot jumps back. A slot is
//
//     prefix; word; adr x29, .; b store; adr x29, .; b store
//
// so that x29 tells where control went. x28 holds the address of the state on entry and of the output afterwards: apart from these two
// writes to all registers are seen. A window of memory is restored before each case and belongs to what is compared.
//
// Per case the program writes either a hash of registers and window, or all of it.
using System;
using System.Buffers.Binary;
using System.Collections.Generic;

namespace MiniJit.Coherence.Tests.Fidelity;

internal static class GuestProgram
{
    /// <summary>The window lies on both sides of a page boundary, behind the output.</summary>
    public const ulong DataBase = 0x0100_0000, Window = DataBase + 0xf00, Output = Window - GuestState.Bytes;
    public const ulong CodeBase = 0x0101_0000, SlotBase = CodeBase + 0x800, StateBase = 0x0200_0000;
    public const int WindowBytes = 512, ResultBytes = GuestState.Bytes + WindowBytes, SlotBytes = 24, WordOffset = 4, FallThrough = 8, Taken = 16;
    public const uint Nop = 0xd503_201f;

    private const ulong Results = 0x1000_0000;
    private const ulong Pattern = DataBase + 0x100, HashFactor = 0x9e37_79b9_7f4a_7c15;
    private const int CurrentCase = 0, LastCase = 8, ResultPointer = 16, X28 = 28, X29 = 29, X30 = 30;

    public static ulong SlotAddress(int index) => SlotBase + ((ulong)index * SlotBytes);

    public static ulong StateAddress(int index) => StateBase + ((ulong)index * GuestState.Bytes);

    /// <summary>What the window holds before each case.</summary>
    public static byte[] WindowPattern()
    {
        byte[] pattern = new byte[WindowBytes];
        MiniJit.IR.SplitMix64 random = new(1);
        for (int i = 0; i < WindowBytes; i += 16)
        {
            System.Runtime.Intrinsics.Vector128<ulong> value = EdgeValues.Vector(random);
            BinaryPrimitives.WriteUInt64LittleEndian(pattern.AsSpan(i), value[0]);
            BinaryPrimitives.WriteUInt64LittleEndian(pattern.AsSpan(i + 8), value[1]);
        }

        return pattern;
    }

    /// <summary>The hash that the program writes for a case.</summary>
    public static ulong Hash(ReadOnlySpan<byte> result)
    {
        ulong hash = 0;
        for (int i = 0; i < ResultBytes; i += 8)
        {
            hash = (hash ^ BinaryPrimitives.ReadUInt64LittleEndian(result[i..])) * HashFactor;
            hash ^= hash >> 29;
        }

        return hash;
    }

    /// <summary>The executable file for some cases of a batch.</summary>
    public static byte[] Build(FidelityBatch batch, ReadOnlySpan<int> cases, bool full)
    {
        ulong caseTable = StateAddress(batch.States.Count);
        byte[] data = new byte[Window + WindowBytes - DataBase];
        BinaryPrimitives.WriteUInt64LittleEndian(data.AsSpan(CurrentCase), caseTable);
        BinaryPrimitives.WriteUInt64LittleEndian(data.AsSpan(LastCase), caseTable + (16UL * (ulong)cases.Length));
        BinaryPrimitives.WriteUInt64LittleEndian(data.AsSpan(ResultPointer), Results);
        WindowPattern().CopyTo(data, (int)(Pattern - DataBase));

        byte[] states = new byte[(batch.States.Count * GuestState.Bytes) + (16 * cases.Length)];
        for (int i = 0; i < batch.States.Count; i++)
        {
            Buffer.BlockCopy(batch.States[i].Words, 0, states, i * GuestState.Bytes, GuestState.Bytes);
        }

        List<uint> code = Driver(full, out int store);
        AddSlots(code, batch, store);
        Span<byte> table = states.AsSpan(batch.States.Count * GuestState.Bytes);
        for (int i = 0; i < cases.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(table[(16 * i)..], StateAddress(batch.Cases[cases[i]].State));
            BinaryPrimitives.WriteUInt64LittleEndian(table[((16 * i) + 8)..], SlotAddress(cases[i]));
        }

        byte[] text = new byte[4 * code.Count];
        Buffer.BlockCopy(code.ToArray(), 0, text, 0, text.Length);
        ulong resultBytes = (ulong)cases.Length * (full ? (ulong)ResultBytes : 8);
        return Elf([(DataBase, data, (ulong)data.Length, 6), (CodeBase, text, (ulong)text.Length, 5), (StateBase, states, (ulong)states.Length, 6), (Results, [], resultBytes, 6)]);
    }

    /// <summary>The slots alone, where the program has them; what they branch to in the end is UDF, at <paramref name="store"/>.</summary>
    public static List<uint> Slots(FidelityBatch batch, out ulong store)
    {
        List<uint> code = [0];
        store = CodeBase;
        AddSlots(code, batch, 0);
        return code;
    }

    // Words are relative to their place, so every case has the slot of its number in the batch.
    private static void AddSlots(List<uint> code, FidelityBatch batch, int store)
    {
        while (code.Count < (int)(SlotBase - CodeBase) / 4)
        {
            code.Add(0);
        }

        const uint Adr = 0x1000_0000 | X29;
        foreach (FidelityCase one in batch.Cases)
        {
            int at = code.Count;
            code.AddRange([one.Prefix, one.Word, Adr, Branch(at + 3, store), Adr, Branch(at + 5, store)]);
        }
    }

    private static List<uint> Driver(bool full, out int store)
    {
        List<uint> code = [];
        int next = code.Count;

        // Next case: x28 its state, x29 its slot
        Load(code, 0, DataBase);
        code.Add(Ldr(1, 0, CurrentCase));
        code.Add(Ldr(2, 0, LastCase));
        code.Add(0xeb02_003f);                                      // cmp x1, x2
        int exit = code.Count;
        code.Add(0);                                                // b.eq finish
        code.Add(0x9100_4023);                                      // add x3, x1, #16
        code.Add(Str(3, 0, CurrentCase));
        code.Add(Ldp(X28, X29, 1, 0));

        // The window
        Load(code, 4, Window);
        Load(code, 5, Pattern);
        for (int i = 0; i < WindowBytes; i += 32)
        {
            code.Add(LdpQ(0, 1, 5, i));
            code.Add(StpQ(0, 1, 4, i));
        }

        code.Add(0xd503_3f5f);                                      // clrex
        code.Add(Ldr(0, X28, 8 * GuestState.Flags));
        code.Add(0xd51b_4200);                                      // msr nzcv, x0
        code.Add(Ldr(0, X28, 8 * GuestState.FloatControl));
        code.Add(0xd51b_4400);                                      // msr fpcr, x0
        code.Add(Ldr(0, X28, 8 * GuestState.FloatStatus));
        code.Add(0xd51b_4420);                                      // msr fpsr, x0
        code.Add(Ldr(0, X28, 8 * GuestState.StackPointer));
        code.Add(0x9100_001f);                                      // mov sp, x0
        for (int i = 0; i < 32; i += 2)
        {
            code.Add(LdpQ(i, i + 1, X28, (8 * GuestState.Vectors) + (16 * i)));
        }

        for (int i = 0; i < 28; i += 2)
        {
            code.Add(Ldp(i, i + 1, X28, 8 * i));
        }

        code.Add(Ldr(X30, X28, 8 * X30));
        code.Add(0xd61f_0000 | (X29 << 5));                         // br x29

        store = code.Count;
        Load(code, X28, Output);
        for (int i = 0; i < 30; i += 2)
        {
            code.Add(Stp(i, i + 1, X28, 8 * i));
        }

        code.Add(Str(X30, X28, 8 * X30));
        for (int i = 0; i < 32; i += 2)
        {
            code.Add(StpQ(i, i + 1, X28, (8 * GuestState.Vectors) + (16 * i)));
        }

        code.Add(0xd53b_4200);                                      // mrs x0, nzcv
        code.Add(Str(0, X28, 8 * GuestState.Flags));
        code.Add(0xd53b_4400);                                      // mrs x0, fpcr
        code.Add(Str(0, X28, 8 * GuestState.FloatControl));
        code.Add(0xd53b_4420);                                      // mrs x0, fpsr
        code.Add(Str(0, X28, 8 * GuestState.FloatStatus));
        code.Add(0x9100_03e0);                                      // mov x0, sp
        code.Add(Str(0, X28, 8 * GuestState.StackPointer));

        // x0 parameters, x1 end of the output, x4 where the result goes
        Load(code, 0, DataBase);
        Load(code, 1, Output + ResultBytes);
        code.Add(Ldr(4, 0, ResultPointer));
        int loop;
        if (full)
        {
            loop = code.Count;
            code.Add(0xf840_8782);                                  // ldr x2, [x28], #8
            code.Add(0xf800_8482);                                  // str x2, [x4], #8
            code.Add(0xeb01_039f);                                  // cmp x28, x1
            code.Add(BranchIf(code.Count, loop, 1));
        }
        else
        {
            code.Add(0xd280_0003);                                  // mov x3, #0
            Load(code, 5, HashFactor);
            loop = code.Count;
            code.Add(0xf840_8782);                                  // ldr x2, [x28], #8
            code.Add(0xca02_0063);                                  // eor x3, x3, x2
            code.Add(0x9b05_7c63);                                  // mul x3, x3, x5
            code.Add(0xca43_7463);                                  // eor x3, x3, x3, lsr #29
            code.Add(0xeb01_039f);                                  // cmp x28, x1
            code.Add(BranchIf(code.Count, loop, 1));
            code.Add(0xf800_8483);                                  // str x3, [x4], #8
        }

        code.Add(Str(4, 0, ResultPointer));
        code.Add(Branch(code.Count, next));

        // write(1, results, size) until everything is written; exit(0)
        code[exit] = BranchIf(exit, code.Count, 0);
        Load(code, 1, Results);
        code.Add(Ldr(5, 0, ResultPointer));
        int write = code.Count;
        code.Add(0xcb01_00a2);                                      // sub x2, x5, x1
        code.Add(0xd280_0020);                                      // mov x0, #1
        code.Add(0xd280_0808);                                      // mov x8, #64
        code.Add(0xd400_0001);                                      // svc #0
        code.Add(0x8b00_0021);                                      // add x1, x1, x0
        code.Add(0xeb05_003f);                                      // cmp x1, x5
        code.Add(BranchIf(code.Count, write, 3));                   // b.lo
        code.Add(0xd280_0000);                                      // mov x0, #0
        code.Add(0xd280_0ba8);                                      // mov x8, #93
        code.Add(0xd400_0001);
        return code;
    }

    private static void Load(List<uint> code, int register, ulong value)
    {
        code.Add(0xd280_0000 | ((uint)(value & 0xffff) << 5) | (uint)register);
        for (uint hw = 1; hw < 4; hw++)
        {
            code.Add(0xf280_0000 | (hw << 21) | ((uint)(value >> (16 * (int)hw)) & 0xffff) << 5 | (uint)register);
        }
    }

    private static uint Ldr(int rt, int rn, int offset) => 0xf940_0000 | ((uint)offset / 8 << 10) | Registers(rt, rn);

    private static uint Str(int rt, int rn, int offset) => 0xf900_0000 | ((uint)offset / 8 << 10) | Registers(rt, rn);

    private static uint Ldp(int rt, int rt2, int rn, int offset) => 0xa940_0000 | ((uint)offset / 8 << 15) | ((uint)rt2 << 10) | Registers(rt, rn);

    private static uint Stp(int rt, int rt2, int rn, int offset) => 0xa900_0000 | ((uint)offset / 8 << 15) | ((uint)rt2 << 10) | Registers(rt, rn);

    private static uint LdpQ(int rt, int rt2, int rn, int offset) => 0xad40_0000 | ((uint)offset / 16 << 15) | ((uint)rt2 << 10) | Registers(rt, rn);

    private static uint StpQ(int rt, int rt2, int rn, int offset) => 0xad00_0000 | ((uint)offset / 16 << 15) | ((uint)rt2 << 10) | Registers(rt, rn);

    private static uint Registers(int rt, int rn) => ((uint)rn << 5) | (uint)rt;

    private static uint Branch(int from, int to) => 0x1400_0000 | ((uint)(to - from) & 0x3ff_ffff);

    private static uint BranchIf(int from, int to, uint condition) => 0x5400_0000 | (((uint)(to - from) & 0x7_ffff) << 5) | condition;

    // One program header per segment; file offsets are congruent to addresses modulo the page size.
    private static byte[] Elf(ReadOnlySpan<(ulong Address, byte[] Bytes, ulong Size, uint Flags)> segments)
    {
        const int Page = 0x1000;
        int size = Page;
        foreach ((_, byte[] bytes, _, _) in segments)
        {
            size += (bytes.Length + Page - 1) & -Page;
        }

        byte[] file = new byte[size];
        Span<byte> header = file;
        "\u007fELF\u0002\u0001\u0001"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header[16..], 2);           // ET_EXEC
        BinaryPrimitives.WriteUInt16LittleEndian(header[18..], 183);         // EM_AARCH64
        BinaryPrimitives.WriteUInt32LittleEndian(header[20..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], CodeBase);
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], 64);
        BinaryPrimitives.WriteUInt16LittleEndian(header[52..], 64);
        BinaryPrimitives.WriteUInt16LittleEndian(header[54..], 56);
        BinaryPrimitives.WriteUInt16LittleEndian(header[56..], (ushort)segments.Length);
        int offset = Page, at = 64;
        foreach ((ulong address, byte[] bytes, ulong memory, uint flags) in segments)
        {
            Span<byte> entry = file.AsSpan(at);
            BinaryPrimitives.WriteUInt32LittleEndian(entry, 1);              // PT_LOAD
            BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], flags);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], (ulong)offset);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[16..], address);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[24..], address);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[32..], (ulong)bytes.Length);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[40..], memory);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[48..], Page);
            bytes.CopyTo(file, offset);
            offset += (bytes.Length + Page - 1) & -Page;
            at += 56;
        }

        return file;
    }
}
