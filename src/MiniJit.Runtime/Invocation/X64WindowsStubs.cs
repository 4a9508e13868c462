// The runtime's own machine code on x86-64 Windows: how compiled code is entered, how a fault leaves it, and the vectored
// exception handler that decides which is which. It does what X64LinuxStubs does, with these differences:
//
// * The handler runs on the stack that faulted, above a copy of the registers that the system has pushed, so it needs a few words only and calls nothing:
//   the thread's state is read from the thread's block (TEB), whose TLS slots winternl.h documents.
// * Vectored handlers see every exception first, including those that software raises and a frame further up will handle. In compiled code
//   only the machine raises any. In libraries compiled code's calls are cut short by the machine's exceptions alone: status codes of facility 0
//   below 0x100 (access violation, in-page error, illegal and privileged instruction, arithmetic, stack overflow).
// * More registers survive a call: rsi, rdi and xmm6 to xmm15.
// * Processes may run with a shadow stack (CET), on which leaving through the trap exit has to pop what it skips, as longjmp does.
//
// Offsets come from EXCEPTION_RECORD and CONTEXT in winnt.h and from the structs in ThreadRecord.cs. No unwind information is registered: an
// exception of software that passes through compiled code to a frame further up is not supported on any system.
using static MiniJit.Runtime.Invocation.X64Stubs;

namespace MiniJit.Runtime.Invocation;

internal static class X64WindowsStubs
{
    /// <summary>What the handler copies to the activation: CONTEXT from Rax to Rip.</summary>
    public const int RspIndex = 4, RipIndex = 16, RegisterCount = 17;

    /// <summary>TLS slots that lie in the TEB itself; later ones are in a block of their own.</summary>
    private const int DirectSlots = 64;

    private const uint TebTlsSlots = 0x1480, TebTlsExpansionSlots = 0x1780;

    private const uint ContextFlags = 0x44, ContextRax = 0x78, ContextRsp = 0x98, ContextRip = 0xF8;

    private const uint AccessViolation = 0xC0000005;
    private const byte ExecuteAccess = 8;

    // The frame of the entry stub, below the eight saved registers: shadow space for the callee, then these.
    private const byte FrameMxcsr = 32, FrameX87 = 36, FrameShadowStack = 40;
    private const uint FrameXmm = 48, FrameSize = 216;           // 16-aligned with the return address and eight pushes
    private const int FirstSavedXmm = 6;

    /// <summary>
    /// <c>int Enter(Activation* rcx, code* rdx, void* callee r8, void* values r9)</c>: calls rdx(callee, values).
    /// Returns 0, or 1 if the call ended in the trap exit.
    /// </summary>
    public static int WriteEnter(StubWriter code, out int trapExit)
    {
        int entry = code.Offset;
        StubLabel leave = code.NewLabel(), restore = code.NewLabel(), pop = code.NewLabel();
        code.Emit(0x55);                              // push rbp
        code.Emit(0x48, 0x89, 0xE5);                  // mov rbp, rsp            so that debuggers can walk through
        code.Emit(0x53, 0x56, 0x57);                  // push rbx ; push rsi ; push rdi
        code.Emit(0x41, 0x54, 0x41, 0x55);            // push r12 ; push r13
        code.Emit(0x41, 0x56, 0x41, 0x57);            // push r14 ; push r15
        code.Emit(0x48, 0x81, 0xEC);                  // sub rsp, 216
        code.Emit32(FrameSize);
        code.Emit(0x0F, 0xAE, 0x5C, 0x24, FrameMxcsr);    // stmxcsr [rsp+32]
        code.Emit(0xD9, 0x7C, 0x24, FrameX87);        // fnstcw [rsp+36]
        WriteReadShadowStack(code);                   // rax = the shadow stack pointer, or 0
        code.Emit(0x48, 0x89, 0x44, 0x24, FrameShadowStack);    // mov [rsp+40], rax
        WriteSavedXmm(code, 0x29);                    // movaps [rsp+48+16i], xmm(6+i)
        code.Emit(0x48, 0x89, 0x21);                  // mov [rcx], rsp          Activation.StackPointer
        code.Emit(0x48, 0x89, 0xD0);                  // mov rax, rdx
        code.Emit(0x4C, 0x89, 0xC1);                  // mov rcx, r8
        code.Emit(0x4C, 0x89, 0xCA);                  // mov rdx, r9
        code.Emit(0xFF, 0xD0);                        // call rax
        code.Emit(0x31, 0xC0);                        // xor eax, eax
        code.Bind(leave);
        code.Emit(0x48, 0x81, 0xC4);                  // add rsp, 216
        code.Emit32(FrameSize);
        code.Emit(0x41, 0x5F, 0x41, 0x5E);            // pop r15 ; pop r14
        code.Emit(0x41, 0x5D, 0x41, 0x5C);            // pop r13 ; pop r12
        code.Emit(0x5F, 0x5E, 0x5B, 0x5D, 0xC3);      // pop rdi ; pop rsi ; pop rbx ; pop rbp ; ret

        // Reached from the exception handler, which has set rsp to the activation's stack pointer.
        trapExit = code.Offset;
        WriteReadShadowStack(code);
        code.Emit(0x48, 0x85, 0xC0);                  // test rax, rax
        code.Branch(restore, 0x0F, 0x84);             // jz restore              there is none
        code.Emit(0x48, 0x8B, 0x4C, 0x24, FrameShadowStack);    // mov rcx, [rsp+40]
        code.Emit(0x48, 0x29, 0xC1);                  // sub rcx, rax
        code.Branch(restore, 0x0F, 0x86);             // jbe restore
        code.Emit(0x48, 0xC1, 0xE9, 0x03);            // shr rcx, 3              entries to pop, at most 255 at a time
        code.Bind(pop);
        code.Emit(0xB8, 255, 0, 0, 0);                // mov eax, 255
        code.Emit(0x48, 0x39, 0xC1);                  // cmp rcx, rax
        code.Emit(0x48, 0x0F, 0x42, 0xC1);            // cmovb rax, rcx
        code.Emit(0xF3, 0x48, 0x0F, 0xAE, 0xE8);      // incsspq rax
        code.Emit(0x48, 0x29, 0xC1);                  // sub rcx, rax
        code.Branch(pop, 0x0F, 0x85);                 // jnz pop
        code.Bind(restore);
        code.Emit(0x0F, 0xAE, 0x54, 0x24, FrameMxcsr);    // ldmxcsr [rsp+32]    callee-saved, like the x87 control word
        code.Emit(0xDB, 0xE3);                        // fninit                  an interrupted x87 routine leaves registers behind
        code.Emit(0xD9, 0x6C, 0x24, FrameX87);        // fldcw [rsp+36]
        WriteSavedXmm(code, 0x28);                    // movaps xmm(6+i), [rsp+48+16i]
        code.Emit(0xB8, 1, 0, 0, 0);                  // mov eax, 1
        code.Branch(leave, 0xE9);                     // jmp leave
        return entry;
    }

    /// <summary><c>LONG Handler(EXCEPTION_POINTERS* rcx)</c></summary>
    /// <param name="code">Where to.</param>
    /// <param name="globals">Address of the <see cref="HandlerGlobals"/>.</param>
    /// <param name="slot">The TLS slot that holds a thread's <see cref="NativeThreadState"/>.</param>
    public static int WriteHandler(StubWriter code, ulong globals, int slot)
    {
        int entry = code.Offset;
        StubLabel search = code.NewLabel(), ours = code.NewLabel(), outside = code.NewLabel();

        code.Emit(0x56, 0x57, 0x51);                  // push rsi ; push rdi ; push rcx
        WriteReadSlot(code, slot, search);            // rax = NativeThreadState*
        code.Emit(0x48, 0x85, 0xC0);                  // test rax, rax                       a thread that never called compiled code
        code.Branch(search, 0x0F, 0x84);              // jz search
        LoadGlobals(code, globals);                   // mov r9, globals
        code.Emit(0x4C, 0x8B, 0x01);                  // mov r8, [rcx]                       EXCEPTION_RECORD*
        code.Emit(0x48, 0x8B, 0x51, 0x08);            // mov rdx, [rcx+8]                    CONTEXT*
        code.Emit(0x48, 0x8B, 0x08);                  // mov rcx, [rax]                      Current
        code.Emit(0x48, 0x85, 0xC9);                  // test rcx, rcx                       outside of compiled code
        code.Branch(search, 0x0F, 0x84);              // jz search

        // Is the PC in code memory? r10 = its page number.
        code.Emit(0x4C, 0x8B, 0x92);                  // mov r10, [rdx+rip]
        code.Emit32(ContextRip);
        code.Emit(0x49, 0xC1, 0xEA, 12);              // shr r10, 12
        code.Emit(0x48, 0xC7, 0x41, 0x20, 0, 0, 0, 0);     // mov qword [rcx+32], 0          Caller
        WriteRangeSearch(code, GlobalsCodeRanges, GlobalsCodeEnd, ours);

        // An exception that the machine raises, in a library that compiled code is linked to?
        code.Emit(0x41, 0x8B, 0x30);                  // mov esi, [r8]                       ExceptionCode
        code.Emit(0x81, 0xE6);                        // and esi, 0xFFFFFF00
        code.Emit32(0xFFFFFF00);
        code.Emit(0x81, 0xFE);                        // cmp esi, 0xC0000000
        code.Emit32(0xC0000000);
        code.Branch(search, 0x0F, 0x85);              // jne search
        WriteRangeSearch(code, GlobalsImageRanges, GlobalsImageEnd, outside);

        // A jump to nowhere: an access violation on an instruction fetch whose return address is compiled code.
        code.Emit(0x41, 0x81, 0x38);                  // cmp dword [r8], ACCESS_VIOLATION
        code.Emit32(AccessViolation);
        code.Branch(search, 0x0F, 0x85);              // jne search
        code.Emit(0x49, 0x83, 0x78, 0x20, ExecuteAccess);    // cmp qword [r8+32], 8         ExceptionInformation[0]
        code.Branch(search, 0x0F, 0x85);              // jne search
        WriteReturnAddressCheck(code, ContextRsp, ours, search);

        code.Bind(outside);
        WriteCallerSearch(code, ContextRsp, ours);

        code.Bind(ours);
        code.Emit(0x48, 0x8B, 0x04, 0x24);            // mov rax, [rsp]                      EXCEPTION_POINTERS*
        code.Emit(0x4C, 0x8B, 0x00);                  // mov r8, [rax]
        code.Emit(0x41, 0x8B, 0x00);                  // mov eax, [r8]                       ExceptionCode
        code.Emit(0x89, 0x41, 0x10);                  // mov [rcx+16], eax                   Signal
        code.Emit(0x41, 0x8B, 0x40, 0x20);            // mov eax, [r8+32]                    ExceptionInformation[0]
        code.Emit(0x89, 0x41, 0x14);                  // mov [rcx+20], eax                   SignalCode
        code.Emit(0x49, 0x8B, 0x40, 0x28);            // mov rax, [r8+40]                    ExceptionInformation[1]
        code.Emit(0x48, 0x89, 0x41, 0x18);            // mov [rcx+24], rax                   FaultAddress
        code.Emit(0x49, 0x89, 0xC8);                  // mov r8, rcx
        code.Emit(0x48, 0x8D, 0x72, (byte)ContextRax);       // lea rsi, [rdx+rax]
        code.Emit(0x49, 0x8D, 0x78, 0x28);            // lea rdi, [r8+40]                    Registers
        code.Emit(0xB9, RegisterCount, 0, 0, 0);      // mov ecx, 17
        code.Emit(0xF3, 0x48, 0xA5);                  // rep movsq
        code.Emit(0x49, 0x8B, 0x00);                  // mov rax, [r8]
        code.Emit(0x48, 0x89, 0x82);                  // mov [rdx+rsp], rax                  the entry stub's
        code.Emit32(ContextRsp);
        code.Emit(0x49, 0x8B, 0x41, GlobalsTrapExit); // mov rax, [r9+TrapExit]
        code.Emit(0x48, 0x89, 0x82);                  // mov [rdx+rip], rax
        code.Emit32(ContextRip);
        code.Emit(0x81, 0x62, (byte)ContextFlags);    // and dword [rdx+flags], ~(TF|DF|AC)
        code.Emit32(~0x40500u);
        code.Emit(0x59, 0x5F, 0x5E);                  // pop rcx ; pop rdi ; pop rsi
        code.Emit(0xB8);                              // mov eax, EXCEPTION_CONTINUE_EXECUTION
        code.Emit32(unchecked((uint)-1));
        code.Emit(0xC3);                              // ret

        code.Bind(search);
        code.Emit(0x59, 0x5F, 0x5E);                  // pop rcx ; pop rdi ; pop rsi
        code.Emit(0x31, 0xC0, 0xC3);                  // xor eax, eax ; ret                  EXCEPTION_CONTINUE_SEARCH
        return entry;
    }

    /// <summary>rax = the shadow stack pointer; the instruction does nothing where there is none.</summary>
    private static void WriteReadShadowStack(StubWriter code)
    {
        code.Emit(0x31, 0xC0);                        // xor eax, eax
        code.Emit(0xF3, 0x48, 0x0F, 0x1E, 0xC8);      // rdsspq rax
    }

    /// <summary>movaps between xmm6 to xmm15 and the entry stub's frame.</summary>
    private static void WriteSavedXmm(StubWriter code, byte opcode)
    {
        for (int register = FirstSavedXmm; register < 16; register++)
        {
            if (register >= 8)
            {
                code.Emit(0x44);                      // REX.R
            }

            code.Emit(0x0F, opcode, (byte)(0x84 | (register & 7) << 3), 0x24);    // [rsp+disp32]
            code.Emit32(FrameXmm + 16 * (uint)(register - FirstSavedXmm));
        }
    }

    /// <summary>rax = TlsGetValue(slot), without a call and without touching the last error.</summary>
    private static void WriteReadSlot(StubWriter code, int slot, StubLabel absent)
    {
        code.Emit(0x65, 0x48, 0x8B, 0x04, 0x25);      // mov rax, gs:[…]
        if (slot < DirectSlots)
        {
            code.Emit32(TebTlsSlots + 8 * (uint)slot);
            return;
        }

        code.Emit32(TebTlsExpansionSlots);
        code.Emit(0x48, 0x85, 0xC0);                  // test rax, rax
        code.Branch(absent, 0x0F, 0x84);              // jz absent
        code.Emit(0x48, 0x8B, 0x80);                  // mov rax, [rax+8·(slot-64)]
        code.Emit32(8 * (uint)(slot - DirectSlots));
    }
}
