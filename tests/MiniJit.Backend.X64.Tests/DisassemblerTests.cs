using MiniJit.Codegen.Machine;
using MiniJit.IR;
using Xunit;
using static MiniJit.Backend.X64.Registers;

namespace MiniJit.Backend.X64.Tests;

public class DisassemblerTests
{
    [Fact]
    public void A_listing_names_blocks_symbols_traps_and_constants()
    {
        EmitHarness harness = new();
        harness.Symbols.Add(ExternalName.User(0, 7));
        harness.Block();
        ref MachineInst load = ref harness.Add(X64Form.MovRm, 4, Rax, Rdi);
        load.Mode = (byte)AddressMode.Base;
        load.Disp = -4;
        load.Trap = TrapCode.HeapOutOfBounds.Raw;
        harness.Add(X64Form.TestMr, 4, Rax, Rax);
        ref MachineInst jcc = ref harness.Add(X64Form.JccLabel, 0);
        jcc.Cond = (byte)Condition.NotEqual;
        jcc.Data = 2;
        jcc.Imm = 1;
        harness.Block();
        harness.Add(X64Form.LoadFloat, 8, Xmm0).Imm = System.BitConverter.DoubleToInt64Bits(0.25);
        harness.Add(X64Form.CallSymbol, 0).Data = 0;
        harness.Add(X64Form.JmpLabel, 0).Data = 2;
        harness.Block();
        harness.Add(X64Form.Ret, 0);
        Assert.Equal(
        [
            "  push rbp",
            "  mov rbp, rsp",
            "L0004:",
            "  mov eax, [rdi-4] ; trap: heap_oob",
            "  test eax, eax",
            "  jne L0018",
            "L000b:",
            "  movsd xmm0, [L0020] ; 0.25",
            "  call u0:7 ; X64CallPcRel4 u0:7 -4",
            "L0018:",
            "  pop rbp",
            "  ret",
        ], Disassembler.Format(harness.Emit(), offsets: false));
    }
}
