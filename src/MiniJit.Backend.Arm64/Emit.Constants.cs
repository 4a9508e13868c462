// Constants, symbol addresses and sums with constants.
using System;
using System.Diagnostics;
using MiniJit.Codegen;
using MiniJit.Codegen.Emission;
using MiniJit.Codegen.Machine;
using static MiniJit.Backend.Arm64.Registers;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64Emitter
{
    private const uint LiteralWordX = 0x5800_0000;

    // movz | movn | orr zr, #bitmask | movz or movn for one chunk of 16 bits, then movk for the others that differ
    private void LoadInt(PReg to, long value, int size)
    {
        ulong bits = size < 8 ? (uint)value : (ulong)value;
        size = bits <= uint.MaxValue ? 4 : 8;                  // writing w clears the upper half
        ulong all = size == 8 ? ulong.MaxValue : uint.MaxValue;
        if (MoveWide.TryCreate(bits, out MoveWide wide))
        {
            PutImm(A64Form.Movz, wide.Hw > 1 ? 8 : 4, to, default, wide.Bits, wide.Hw);
        }
        else if (MoveWide.TryCreate(~bits & all, out wide))
        {
            PutImm(A64Form.Movn, size, to, default, wide.Bits, wide.Hw);
        }
        else if (BitmaskImm.TryCreate(bits, size, out BitmaskImm mask))
        {
            PutImm(A64Form.OrrImm, size, to, Zr, (long)mask.Value);
        }
        else
        {
            LoadChunks(to, bits, size);
        }
    }

    private void LoadChunks(PReg to, ulong bits, int size)
    {
        int zeros = 0, ones = 0;
        for (int shift = 0; shift < size * 8; shift += 16)
        {
            zeros += (ushort)(bits >> shift) == 0 ? 1 : 0;
            ones += (ushort)(bits >> shift) == ushort.MaxValue ? 1 : 0;
        }

        bool negative = ones > zeros, first = true;
        ushort rest = negative ? ushort.MaxValue : (ushort)0;
        for (int hw = 0; hw < size / 2; hw++)
        {
            ushort chunk = (ushort)(bits >> (16 * hw));
            if (chunk == rest)
            {
                continue;
            }

            A64Form form = first ? negative ? A64Form.Movn : A64Form.Movz : A64Form.Movk;
            PutImm(form, size, to, default, first && negative ? (ushort)~chunk : chunk, hw);
            first = false;
        }
    }

    // fmov d, zr | fmov d, #imm8 | mov x16, #bits; fmov d, x16 if one mov does | ldr d, =literal
    private void LoadFloat(PReg to, long value, int size)
    {
        ulong bits = size == 8 ? (ulong)value : size == 4 ? (uint)value : (ushort)value;
        int moved = Math.Max(4, size);
        if (bits == 0)
        {
            MoveToFloat(to, Zr, moved);
        }
        else if (size >= 4 && FloatImm8.TryCreate(bits, size, out FloatImm8 imm))
        {
            PutImm(A64Form.FmovImm, size, to, default, imm.Bits);
        }
        else if (MoveWide.TryCreate(bits, out _) || BitmaskImm.TryCreate(bits, moved, out _))
        {
            LoadInt(IntScratch, (long)bits, moved);
            MoveToFloat(to, IntScratch, moved);
        }
        else
        {
            int handle = size == 8 ? _buffer.Constants.AddUInt64(bits) : _buffer.Constants.AddUInt32((uint)bits);
            LoadLiteral(size == 8 ? MemoryAccess.LdrFD : MemoryAccess.LdrFS, to, handle);
        }
    }

    private void MoveToFloat(PReg to, PReg from, int size) => Put(new A64Instruction(A64Form.FmovFromInt, size)
    {
        Rd = (byte)to.Encoding, Rn = (byte)from.Encoding, Lane = size == 8 ? (byte)3 : (byte)2,
    });

    private void LoadLiteral(MemoryAccess access, PReg to, int handle)
    {
        Label label = _buffer.ConstantLabel(handle, BranchEncoder.Literal19);
        A64Instruction load = new(A64Form.LoadLiteral, 0) { Rd = (byte)to.Encoding, Aux = (byte)access };
        BranchEncoder.Put(_buffer, Encode.Instruction(load), label, BranchEncoder.Literal19);
    }

    // adrp d, symbol; add d, d, #:lo12:symbol | ldr d, =symbol | adrp d, :got:symbol; ldr d, [d, #:got_lo12:symbol]
    private void LoadSymbolAddress(PReg to, int symbol, long addend, SymbolAccess access)
    {
        if (access == SymbolAccess.Absolute)
        {
            BranchEncoder.Put(_buffer, LiteralWordX | (uint)to.Encoding, _buffer.AddressLabel(symbol, addend, BranchEncoder.Literal19), BranchEncoder.Literal19);
            return;
        }

        bool got = access == SymbolAccess.Got;
        Debug.Assert(!got || addend == 0);
        _buffer.AddRelocation(_buffer.Offset, got ? RelocationKind.Arm64AdrGotPage21 : RelocationKind.Arm64AdrPage21, symbol, addend);
        Put(A64Form.Adrp, 0, to, default);
        _buffer.AddRelocation(_buffer.Offset, got ? RelocationKind.Arm64LdrGotLo12 : RelocationKind.Arm64AddLo12, symbol, addend);
        if (got)
        {
            PutImm(A64Form.LoadStoreUnsigned, 0, to, to, 0, (int)MemoryAccess.LdrX);
        }
        else
        {
            PutImm(A64Form.AddImm, 8, to, to, 0);
        }
    }

    // add or sub d, n, #imm12 | both halves of 24 bits | mov x17, #value; add d, n, x17 (extended: sp may take part)
    private void AddImmediate(PReg to, PReg from, long value)
    {
        A64Form form = value < 0 ? A64Form.SubImm : A64Form.AddImm;
        long size = Math.Abs(value);
        if (Imm12.TryCreate(size, out Imm12 imm))
        {
            PutImm(form, 8, to, from, imm.Bits, imm.Shift12);
        }
        else if (size < 1 << 24)
        {
            PutImm(form, 8, to, from, size >> 12, 1);
            PutImm(form, 8, to, to, size & 0xfff);
        }
        else
        {
            LoadInt(AddressScratch, value, 8);
            Put(new A64Instruction(A64Form.AddExtended, 8)
            {
                Rd = (byte)to.Encoding, Rn = (byte)from.Encoding, Rm = (byte)AddressScratch.Encoding, Aux = (byte)Extend.Uxtx,
            });
        }
    }
}
