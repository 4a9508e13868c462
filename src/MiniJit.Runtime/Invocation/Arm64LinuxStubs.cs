// The runtime's own machine code on AArch64 Linux. It does what X64LinuxStubs does, with these differences:
//
// * Return addresses are in x30 before they are on the stack: the innermost caller of a faulting library routine, and the caller of a jump to
//   nowhere, is looked for there first. Libraries sign return addresses where the processor can (PAuth); xpaclri takes the signature off a copy and does
//   nothing to other words or on other processors.
// * A jump to nowhere is a SIGSEGV or SIGBUS whose address is the program counter itself: the signal context does not say which kind of access failed.
// * Code traps with udf (SIGILL) and brk (SIGTRAP); both report the address of the instruction.
//
// The handler reads tables that other threads change, without barriers. Whoever executes in a range has been told its address by the
// thread that entered it, with a release store that came later, so its own ranges are always seen.
//
// All offsets below come from <asm/ucontext.h> and <asm/sigcontext.h> (the mcontext begins at 176: fault_address, regs[31], sp, pc, pstate) and from the
// structs in ThreadRecord.cs and HandlerGlobals.cs.
namespace MiniJit.Runtime.Invocation;

internal sealed class Arm64LinuxStubs : LinuxStubs
{
    // Indices of saved registers in the signal context.
    private const int StackPointerIndex = 31, ProgramCounterIndex = 32;

    // What a range search begins with: where a table of the globals begins and where its end is noted.
    private const uint LoadCodeRanges = 0x5280_2805;  // mov w5, #320
    private const uint LoadCodeEnd = 0xF940_1527;     // ldr x7, [x9, #40]
    private const uint LoadImageRanges = 0x5284_2805; // mov w5, #8512
    private const uint LoadImageEnd = 0xF940_1927;    // ldr x7, [x9, #48]

    /// <inheritdoc/>
    /// <remarks><c>int Enter(Activation* x0, code* x1, void* callee x2, void* values x3)</c></remarks>
    public override int WriteEnter(StubWriter code, out int trapExit)
    {
        int entry = code.Offset;
        StubLabel leave = code.NewLabel();
        code.Emit32(0xA9B5_7BFD);                     // stp x29, x30, [sp, #-176]!
        code.Emit32(0x9100_03FD);                     // mov x29, sp             so that debuggers can walk through
        code.Emit32(0xA901_53F3);                     // stp x19, x20, [sp, #16]
        code.Emit32(0xA902_5BF5);                     // stp x21, x22, [sp, #32]
        code.Emit32(0xA903_63F7);                     // stp x23, x24, [sp, #48]
        code.Emit32(0xA904_6BF9);                     // stp x25, x26, [sp, #64]
        code.Emit32(0xA905_73FB);                     // stp x27, x28, [sp, #80]
        code.Emit32(0x6D06_27E8);                     // stp d8, d9, [sp, #96]   the lower halves are callee-saved
        code.Emit32(0x6D07_2FEA);                     // stp d10, d11, [sp, #112]
        code.Emit32(0x6D08_37EC);                     // stp d12, d13, [sp, #128]
        code.Emit32(0x6D09_3FEE);                     // stp d14, d15, [sp, #144]
        code.Emit32(0xD53B_4409);                     // mrs x9, fpcr
        code.Emit32(0xF900_53E9);                     // str x9, [sp, #160]
        code.Emit32(0x9100_03E9);                     // mov x9, sp
        code.Emit32(0xF900_0009);                     // str x9, [x0]            Activation.StackPointer
        code.Emit32(0xAA01_03E9);                     // mov x9, x1
        code.Emit32(0xAA02_03E0);                     // mov x0, x2
        code.Emit32(0xAA03_03E1);                     // mov x1, x3
        code.Emit32(0xD63F_0120);                     // blr x9
        code.Emit32(0x5280_0000);                     // mov w0, #0
        code.Bind(leave);
        code.Emit32(0xA941_53F3);                     // ldp x19, x20, [sp, #16]
        code.Emit32(0xA942_5BF5);                     // ldp x21, x22, [sp, #32]
        code.Emit32(0xA943_63F7);                     // ldp x23, x24, [sp, #48]
        code.Emit32(0xA944_6BF9);                     // ldp x25, x26, [sp, #64]
        code.Emit32(0xA945_73FB);                     // ldp x27, x28, [sp, #80]
        code.Emit32(0x6D46_27E8);                     // ldp d8, d9, [sp, #96]
        code.Emit32(0x6D47_2FEA);                     // ldp d10, d11, [sp, #112]
        code.Emit32(0x6D48_37EC);                     // ldp d12, d13, [sp, #128]
        code.Emit32(0x6D49_3FEE);                     // ldp d14, d15, [sp, #144]
        code.Emit32(0xA8CB_7BFD);                     // ldp x29, x30, [sp], #176
        code.Emit32(0xD65F_03C0);                     // ret

        // Reached from the signal handler, which has set sp to the activation's stack pointer.
        trapExit = code.Offset;
        code.Emit32(0xF940_53E9);                     // ldr x9, [sp, #160]
        code.Emit32(0xD51B_4409);                     // msr fpcr, x9            callee-saved
        code.Emit32(0x5280_0020);                     // mov w0, #1
        code.Emit32(0x1400_0000, leave);              // b leave
        return entry;
    }

    /// <inheritdoc/>
    /// <remarks><c>void Handler(int signal x0, siginfo_t* x1, ucontext_t* x2)</c></remarks>
    public override int WriteHandler(StubWriter code, ulong globals)
    {
        StubLabel chain = code.NewLabel(), ours = code.NewLabel(), outside = code.NewLabel(), nextWord = code.NewLabel();
        StubLabel found = code.NewLabel(), copy = code.NewLabel(), fallBack = code.NewLabel(), literal = code.NewLabel();

        code.Align(sizeof(ulong), 0);
        code.Bind(literal);
        code.Emit64(globals);
        int entry = code.Offset;
        code.Emit32(0xA9BD_7BFD);                     // stp x29, x30, [sp, #-48]!
        code.Emit32(0x9100_03FD);                     // mov x29, sp
        code.Emit32(0xA901_07E0);                     // stp x0, x1, [sp, #16]
        code.Emit32(0xF900_13E2);                     // str x2, [sp, #32]
        code.Emit32(0x5800_0009, literal);            // ldr x9, globals
        code.Emit32(0xB940_0120);                     // ldr w0, [x9]                        Key
        code.Emit32(0xF940_0530);                     // ldr x16, [x9, #8]                   GetSpecific
        code.Emit32(0xD63F_0200);                     // blr x16                             x0 = NativeThreadState*
        code.Emit32(0x5800_0009, literal);            // ldr x9, globals
        code.Emit32(0xB400_0000, chain);              // cbz x0, chain                       a thread that never called compiled code
        code.Emit32(0xF940_0003);                     // ldr x3, [x0]                        Current
        code.Emit32(0xB400_0003, chain);              // cbz x3, chain                       outside of compiled code
        code.Emit32(0xA941_2FEA);                     // ldp x10, x11, [sp, #16]             signal, siginfo_t*
        code.Emit32(0xF940_13E2);                     // ldr x2, [sp, #32]
        code.Emit32(0xF900_107F);                     // str xzr, [x3, #32]                  Caller
        code.Emit32(0xF940_D45E);                     // ldr x30, [x2, #424]                 the return address, perhaps

        // Is the PC in code memory? x4 = its page number.
        code.Emit32(0xF940_DC4C);                     // ldr x12, [x2, #440]                 PC
        code.Emit32(0xD34C_FD84);                     // lsr x4, x12, #12
        WriteRangeSearch(code, LoadCodeRanges, LoadCodeEnd, ours);

        // In a library that compiled code is linked to?
        WriteRangeSearch(code, LoadImageRanges, LoadImageEnd, outside);

        // A jump to nowhere: what could not be accessed is the instruction, and the return address is compiled code.
        code.Emit32(0x7100_2D5F);                     // cmp w10, #11                        SIGSEGV
        code.Emit32(0x7A47_1944);                     // ccmp w10, #7, #4, ne                SIGBUS: an address that is not a multiple of 4
        code.Emit32(0x5400_0001, chain);              // b.ne chain
        code.Emit32(0xF940_0964);                     // ldr x4, [x11, #16]                  si_addr
        code.Emit32(0xEB0C_009F);                     // cmp x4, x12
        code.Emit32(0x5400_0001, chain);              // b.ne chain
        code.Emit32(0xD34C_FFC4);                     // lsr x4, x30, #12
        WriteRangeSearch(code, LoadCodeRanges, LoadCodeEnd, found);
        code.Emit32(0x1400_0000, chain);              // b chain

        // The innermost return address that is compiled code's: x30, or else on the stack, up to the entry stub.
        code.Bind(outside);
        code.Emit32(0xF940_D848);                     // ldr x8, [x2, #432]                  SP
        code.Bind(nextWord);
        code.Emit32(0xD503_20FF);                     // xpaclri                             x30 without its signature
        code.Emit32(0xD34C_FFC4);                     // lsr x4, x30, #12
        WriteRangeSearch(code, LoadCodeRanges, LoadCodeEnd, found);
        code.Emit32(0xF940_0404);                     // ldr x4, [x0, #8]                    StackLow
        code.Emit32(0xEB04_011F);                     // cmp x8, x4
        code.Emit32(0x5400_0003, ours);               // b.lo ours                           on another stack, or below this one: nothing to read
        code.Emit32(0xF940_0064);                     // ldr x4, [x3]                        Activation.StackPointer
        code.Emit32(0xEB04_011F);                     // cmp x8, x4
        code.Emit32(0x5400_0002, ours);               // b.hs ours
        code.Emit32(0xF840_851E);                     // ldr x30, [x8], #8
        code.Emit32(0x1400_0000, nextWord);           // b nextWord
        code.Bind(found);
        code.Emit32(0xF900_107E);                     // str x30, [x3, #32]                  Caller

        code.Bind(ours);
        code.Emit32(0xB900_106A);                     // str w10, [x3, #16]                  Signal
        code.Emit32(0xB940_0964);                     // ldr w4, [x11, #8]                   si_code
        code.Emit32(0xB900_1464);                     // str w4, [x3, #20]                   SignalCode
        code.Emit32(0xF940_0964);                     // ldr x4, [x11, #16]                  si_addr
        code.Emit32(0xF900_0C64);                     // str x4, [x3, #24]                   FaultAddress
        code.Emit32(0x9102_E045);                     // add x5, x2, #184                    regs
        code.Emit32(0x9100_A066);                     // add x6, x3, #40                     Registers
        code.Emit32(0x5280_0227);                     // mov w7, #17                         pairs: x0 to x30, sp, pc, pstate
        code.Bind(copy);
        code.Emit32(0xA8C1_04A0);                     // ldp x0, x1, [x5], #16
        code.Emit32(0xA881_04C0);                     // stp x0, x1, [x6], #16
        code.Emit32(0x7100_04E7);                     // subs w7, w7, #1
        code.Emit32(0x5400_0001, copy);               // b.ne copy
        code.Emit32(0xF940_0064);                     // ldr x4, [x3]
        code.Emit32(0xF900_D844);                     // str x4, [x2, #432]                  SP = the entry stub's
        code.Emit32(0xF940_0924);                     // ldr x4, [x9, #16]
        code.Emit32(0xF900_DC44);                     // str x4, [x2, #440]                  PC = trap exit
        code.Emit32(0xF940_E044);                     // ldr x4, [x2, #448]                  PSTATE
        code.Emit32(0x9274_F484);                     // and x4, x4, #~0xC00                 BTYPE: an indirect branch is no longer under way
        code.Emit32(0xF900_E044);                     // str x4, [x2, #448]
        code.Emit32(0xA8C3_7BFD);                     // ldp x29, x30, [sp], #48
        code.Emit32(0xD65F_03C0);                     // ret

        code.Bind(chain);
        code.Emit32(0xA941_07E0);                     // ldp x0, x1, [sp, #16]
        code.Emit32(0xF940_13E2);                     // ldr x2, [sp, #32]
        code.Emit32(0xA8C3_7BFD);                     // ldp x29, x30, [sp], #48
        code.Emit32(0x8B20_4D23);                     // add x3, x9, w0, uxtw #3
        code.Emit32(0xF940_2070);                     // ldr x16, [x3, #64]                  OldHandlers[signal]
        code.Emit32(0xF100_061F);                     // cmp x16, #1
        code.Emit32(0x5400_0009, fallBack);           // b.ls fallBack                       SIG_DFL, SIG_IGN
        code.Emit32(0xD61F_0200);                     // br x16

        // Nobody was there before: the default action, as soon as the signal is unblocked by our return.
        code.Bind(fallBack);
        code.Emit32(0xA9BE_7BFD);                     // stp x29, x30, [sp, #-32]!
        code.Emit32(0xF900_0BE0);                     // str x0, [sp, #16]
        code.Emit32(0xD280_0001);                     // mov x1, #0                          SIG_DFL
        code.Emit32(0xF940_0D30);                     // ldr x16, [x9, #24]                  Signal
        code.Emit32(0xD63F_0200);                     // blr x16
        code.Emit32(0x5800_0009, literal);            // ldr x9, globals
        code.Emit32(0xF940_0BE0);                     // ldr x0, [sp, #16]
        code.Emit32(0xF940_1130);                     // ldr x16, [x9, #32]                  Raise
        code.Emit32(0xD63F_0200);                     // blr x16
        code.Emit32(0xA8C2_7BFD);                     // ldp x29, x30, [sp], #32
        code.Emit32(0xD65F_03C0);                     // ret
        return entry;
    }

    /// <inheritdoc/>
    public override unsafe (nuint ProgramCounter, nuint StackPointer) Read(in Activation activation) =>
        ((nuint)activation.Registers[ProgramCounterIndex], (nuint)activation.Registers[StackPointerIndex]);

    /// <summary>Goes to <paramref name="found"/> if page x4 is in a range of a table (see <see cref="CodeRangeTable"/>) of the globals at x9; uses x5 to x7.</summary>
    private static void WriteRangeSearch(StubWriter code, uint loadTable, uint loadEnd, StubLabel found)
    {
        StubLabel next = code.NewLabel(), done = code.NewLabel();
        code.Emit32(loadTable);                       // mov w5, #table
        code.Emit32(0x8B05_0125);                     // add x5, x9, x5
        code.Bind(next);
        code.Emit32(loadEnd);                         // ldr x7, [x9, #end]
        code.Emit32(0xEB07_00BF);                     // cmp x5, x7
        code.Emit32(0x5400_0002, done);               // b.hs done
        code.Emit32(0xF840_84A6);                     // ldr x6, [x5], #8
        code.Emit32(0x9240_48C7);                     // and x7, x6, #0x7FFFF                number of pages
        code.Emit32(0xCB46_4C86);                     // sub x6, x4, x6, lsr #19             page - first page
        code.Emit32(0xEB07_00DF);                     // cmp x6, x7                          unsigned: also false below the range
        code.Emit32(0x5400_0003, found);              // b.lo found
        code.Emit32(0x1400_0000, next);               // b next
        code.Bind(done);
    }
}
