using System;
using System.Buffers.Binary;
using MiniJit.Codegen;
using MiniJit.IR;
using Xunit;

namespace MiniJit.Backend.Arm64.Tests;

public class DisassemblerTests
{
    [Fact]
    public void A_listing_names_blocks_symbols_traps_and_constants()
    {
        CompiledCode code = new();
        Add(code, new(A64Form.LoadStoreUnsigned, 0) { Rd = 0, Rn = 1, Imm = 8, Aux = (byte)MemoryAccess.LdrX });
        Add(code, new(A64Form.SubsImm, 8) { Rd = 31, Rn = 0, Imm = 7 });
        Add(code, new(A64Form.BCond, 0) { Cond = (byte)Condition.Ne, Imm = 12 });
        Add(code, new(A64Form.LoadLiteral, 0) { Rd = 0, Imm = 12, Aux = (byte)MemoryAccess.LdrFD });
        Add(code, new(A64Form.Bl, 0));
        Add(code, new(A64Form.Ret, 0) { Rn = 30 });
        code.CodeSize = code.Bytes.Length;
        foreach (byte b in BitConverter.GetBytes(0.25))
        {
            code.Buffer.Add(b);
        }

        code.BlockOffsetTable.Add(0);
        code.BlockOffsetTable.Add(0x14);
        code.TrapTable.Add(new(0, TrapCode.HeapOutOfBounds));
        code.RelocationTable.Add(new(16, RelocationKind.Arm64Call, ExternalName.User(0, 7), 0));
        Assert.Equal(
        [
            "L0000:",
            "  ldr x0, [x1, #8] ; trap: heap_oob",
            "  cmp x0, #7",
            "  b.ne L0014",
            "  ldr d0, L0018 ; 0.25",
            "  bl u0:7 ; Arm64Call u0:7",
            "L0014:",
            "  ret",
        ], Disassembler.Format(code, offsets: false));
        Assert.Equal("  0004  cmp x0, #7", Disassembler.Format(code)[2]);
    }

    [Fact]
    public void Targets_are_absolute_where_the_address_is_known()
    {
        A64Instruction branch = new(A64Form.B, 0) { Imm = -8 };
        Assert.Equal("b 0x1000", Disassembler.Instruction(branch, 0x1008));
        Assert.Equal("b #-8", Disassembler.Instruction(branch));
    }

    [Fact]
    public void Pages_are_those_of_the_address()
    {
        A64Instruction page = new(A64Form.Adrp, 0) { Rd = 3, Imm = 0x2000 };
        Assert.Equal("adrp x3, 0x3000", Disassembler.Instruction(page, 0x1ffc));
    }

    [Fact]
    public void What_does_not_decode_is_a_word()
    {
        Assert.Equal([".word 0xffffffff", "nop"], Disassembler.Format([0xff, 0xff, 0xff, 0xff, 0x1f, 0x20, 0x03, 0xd5]));
    }

    private static void Add(CompiledCode code, in A64Instruction instruction)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Encode.Instruction(instruction));
        foreach (byte b in bytes)
        {
            code.Buffer.Add(b);
        }
    }
}
