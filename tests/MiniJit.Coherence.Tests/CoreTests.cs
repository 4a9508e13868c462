using System;
using MiniJit.Coherence.Machine;
using MiniJit.Coherence.Memory;
using MiniJit.IR;
using Xunit;

namespace MiniJit.Coherence.Tests;

public sealed class CoreTests : IDisposable
{
    private const ulong Unmapped = 0x5_0000;
    private readonly MachineFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void A_faulting_access_has_no_effect_and_names_address_and_access()
    {
        // ldr x1, [x0], #8        at the end of the last data page, reaching over it
        ulong address = MachineFixture.Data + MachineFixture.DataSize - 4;
        _fixture.State.General[0] = address;
        _fixture.State.General[1] = 5;
        _fixture.Load(0xF840_8401);
        Assert.Equal(
            new CoreException(
                CoreExceptionKind.DataAbort, MachineFixture.Code, 0xF840_8401, new(MemoryFaultKind.Unmapped, PagePermissions.Read, address + 4)),
            _fixture.RunToEnd());
        Assert.Equal((address, 5ul), (_fixture.State.General[0], _fixture.State.General[1]));

        // str x1, [x0, #8]!
        _fixture.State.General[0] = Unmapped - 8;
        _fixture.Load(0xF800_8C01);
        Assert.Equal(new(MemoryFaultKind.Unmapped, PagePermissions.Write, Unmapped), _fixture.RunToEnd().Fault);
        Assert.Equal(Unmapped - 8, _fixture.State.General[0]);
    }

    [Fact]
    public void Stores_that_cross_into_a_page_that_cannot_be_written_write_nothing()
    {
        ulong last = MachineFixture.Data + MachineFixture.DataSize - 4;
        _fixture.State.General[0] = last;
        _fixture.State.General[1] = ulong.MaxValue;
        _fixture.Load(0xF900_0001);                              // str x1, [x0]
        Assert.Equal(CoreExceptionKind.DataAbort, _fixture.RunToEnd().Kind);
        byte[] bytes = new byte[4];
        Assert.True(_fixture.Core.TryLoad(last, bytes));
        Assert.Equal(new byte[4], bytes);
    }

    [Fact]
    public void Code_is_not_writable_data_is_not_executable_and_no_page_is_both()
    {
        Assert.Throws<ArgumentException>(() => _fixture.Machine.Space.Map(Unmapped, 0x1000, PagePermissions.Write | PagePermissions.Execute));
        Assert.False(_fixture.Core.TryStore(MachineFixture.Code, [1]));
        _fixture.State.Pc = MachineFixture.Data;
        CoreException end = _fixture.RunToEnd();
        Assert.Equal((CoreExceptionKind.InstructionAbort, MemoryFaultKind.Permission), (end.Kind, end.Fault.Kind));
        foreach (ulong unaligned in new ulong[] { MachineFixture.Code + 2, 1, 2, 3 })
        {
            _fixture.State.Pc = unaligned;
            Assert.Equal(CoreExceptionKind.ProgramCounterAlignment, _fixture.RunToEnd().Kind);
        }
    }

    [Fact]
    public void A_program_sees_what_it_writes_into_its_own_code_at_once()
    {
        // A view to write through; the loop patches its own addition, whose immediate is the round: 1 + 2 + … + 10.
        const ulong View = 0x7_0000;
        _fixture.Load(
            0x5280_0020,                                         // mov w0, #1             rounds
            0x5280_0001,                                         // mov w1, #0             sum
            0x1100_0021,                                         // loop: add w1, w1, #0   the patched one
            0x1200_2C02,                                         // and w2, w0, #0xfff
            0x5316_5442,                                         // lsl w2, w2, #10
            0x2A03_0042,                                         // orr w2, w2, w3         add w1, w1, #0
            0xB900_0882,                                         // str w2, [x4, #8]
            0x1100_0400,                                         // add w0, w0, #1
            0x7100_301F,                                         // cmp w0, #12
            0x54FF_FF21);                                        // b.ne loop
        _fixture.Machine.Space.MapAlias(View, MachineFixture.Code, 0x1000, PagePermissions.Read | PagePermissions.Write);
        _fixture.State.General[3] = 0x1100_0021;
        _fixture.State.General[4] = View;
        Assert.Equal(MachineFixture.Code + 40, _fixture.RunToEnd().ProgramCounter);
        Assert.Equal(55ul, _fixture.State.General[1]);
    }

    [Fact]
    public void Instructions_are_counted_exactly_and_stepping_does_what_running_does()
    {
        // A loop with a fused pair, a call, a branch not taken, and a jump over the end of the page's first instructions.
        uint[] code =
        [
            0xD280_0140,                                         // mov x0, #10
            0x9400_0005,                                         // loop: bl +5
            0xF100_0400,                                         // subs x0, x0, #1
            0x5400_0040,                                         // b.eq +2
            0x17FF_FFFD,                                         // b loop
            0x0000_0000,                                         // udf
            0xB400_0060,                                         // cbz x0, +3
            0x9100_0421,                                         // add x1, x1, #1
            0xD65F_03C0,                                         // ret
        ];
        const long Expected = 1 + (10 * 6) + 9;
        _fixture.Load(code);
        Assert.Equal(MachineFixture.Code + 20, _fixture.RunToEnd().ProgramCounter);
        Assert.Equal(Expected, _fixture.Core.Retired);
        CoreState ran = _fixture.State;

        _fixture.State = default;
        _fixture.State.Pc = MachineFixture.Code;
        long steps = 0;
        while (_fixture.Core.Step() == StopReason.TurnOver)
        {
            steps++;
        }

        Assert.Equal(Expected, steps);
        Assert.Equal(2 * Expected, _fixture.Core.Retired);
        IntegerUnitTests.AssertSame(ran, _fixture.State, 0);
    }

    [Fact]
    public void A_turn_ends_at_the_first_branch_behind_its_instructions()
    {
        _fixture.Load(0x9100_0400, 0x9100_0400, 0x17FF_FFFE);    // add ; add ; b -2
        Assert.Equal(StopReason.TurnOver, _fixture.Core.Run(100));
        Assert.Equal(102, _fixture.Core.Retired);
        Assert.Equal((68ul, MachineFixture.Code), (_fixture.State.General[0], _fixture.State.Pc));
    }

    [Fact]
    public void Execution_runs_on_into_the_next_page()
    {
        const ulong Pages = 0xA_0000;
        _fixture.Machine.Space.Map(Pages, 0x2000, PagePermissions.Read | PagePermissions.Execute);
        _fixture.Machine.Space.MapAlias(0xC_0000, Pages, 0x2000, PagePermissions.Read | PagePermissions.Write);
        SplitMix64 random = new(1);
        for (uint i = 0; i < 8; i++)
        {
            Assert.True(_fixture.Core.TryStore(0xC_0000 + 0xFF0 + (4 * i), BitConverter.GetBytes(0x9100_0400u)));   // add x0, x0, #1
        }

        _fixture.State.Pc = Pages + 0xFF0;
        Assert.Equal(Pages + 0x1010, _fixture.RunToEnd().ProgramCounter);
        Assert.Equal(8ul, _fixture.State.General[0]);
        Assert.Equal(8, _fixture.Core.Retired);
    }

    [Fact]
    public void System_registers_of_user_code_are_there_and_others_are_undefined()
    {
        // msr tpidr_el0, x0 ; mrs x1, tpidr_el0 ; mrs x2, ctr_el0 ; mrs x3, dczid_el0 ; msr nzcv, x0 ; mrs x4, nzcv ; mrs x5, id_aa64isar0_el1
        _fixture.State.General[0] = 0x9999_ABCD_1234_5678;
        _fixture.Load(0xD51B_D040, 0xD53B_D041, 0xD53B_0022, 0xD53B_00E3, 0xD51B_4200, 0xD53B_4204, 0xD538_0605, 0xD53B_E046);
        Assert.Equal(MachineFixture.Code + 32, _fixture.RunToEnd().ProgramCounter);
        ref CoreState state = ref _fixture.State;
        Assert.Equal(
            (0x9999_ABCD_1234_5678ul, 0x8444_C004ul, 4ul, 0x1000_0000ul, 0x21_0000ul),
            (state.General[1], state.General[2], state.General[3], state.General[4], state.General[5]));
        Assert.Equal(8ul, state.General[6]);                     // mrs x6, cntvct_el0: instructions so far, itself included

        _fixture.Load(0xD538_1000);                              // mrs x0, sctlr_el1
        Assert.Equal((CoreExceptionKind.UndefinedInstruction, 0xD538_1000u), (_fixture.RunToEnd().Kind, _fixture.Core.Exception.Word));
    }

    [Fact]
    public void Zeroing_a_block_clears_the_64_bytes_around_the_address()
    {
        Assert.True(_fixture.Core.TryStore(MachineFixture.Data, new byte[256].AsSpan()));
        byte[] ones = new byte[256];
        Array.Fill(ones, (byte)1);
        Assert.True(_fixture.Core.TryStore(MachineFixture.Data, ones));
        _fixture.State.General[0] = MachineFixture.Data + 100;
        _fixture.Load(0xD50B_7420);                              // dc zva, x0
        _fixture.RunToEnd();
        byte[] bytes = new byte[256];
        Assert.True(_fixture.Core.TryLoad(MachineFixture.Data, bytes));
        for (int i = 0; i < 256; i++)
        {
            Assert.Equal(i is >= 64 and < 128 ? 0 : 1, bytes[i]);
        }
    }
}
