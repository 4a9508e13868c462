// The runtime's own machine code on x86-64 Linux (see LinuxStubs for what it is).
//
// All offsets below come from <asm/ucontext.h> and <asm/sigcontext.h> and from the structs in ThreadRecord.cs.
using static MiniJit.Runtime.Invocation.X64Stubs;

namespace MiniJit.Runtime.Invocation;

internal sealed class X64LinuxStubs : LinuxStubs
{
    // Indices of saved registers in the signal context.
    private const int RspIndex = 15, RipIndex = 16, TrapNumberIndex = 20;

    private const int TrapNumberBreakpoint = 3, RegisterCount = 23;

    private const byte GlobalsGetSpecific = 8, GlobalsSignal = 24, GlobalsRaise = 32, GlobalsOldHandlers = 64;

    private const uint ContextRsp = 160;

    /// <inheritdoc/>
    /// <remarks><c>int Enter(Activation* rdi, code* rsi, void* callee rdx, void* values rcx)</c></remarks>
    public override int WriteEnter(StubWriter code, out int trapExit)
    {
        int entry = code.Offset;
        StubLabel leave = code.NewLabel();
        code.Emit(0x55);                              // push rbp
        code.Emit(0x48, 0x89, 0xE5);                  // mov rbp, rsp            so that debuggers can walk through
        code.Emit(0x53);                              // push rbx
        code.Emit(0x41, 0x54, 0x41, 0x55);            // push r12 ; push r13
        code.Emit(0x41, 0x56, 0x41, 0x57);            // push r14 ; push r15
        code.Emit(0x48, 0x83, 0xEC, 0x08);            // sub rsp, 8              16-aligned: return address + 6 pushes + 8
        code.Emit(0x0F, 0xAE, 0x1C, 0x24);            // stmxcsr [rsp]
        code.Emit(0xD9, 0x7C, 0x24, 0x04);            // fnstcw [rsp+4]
        code.Emit(0x48, 0x89, 0x27);                  // mov [rdi], rsp          Activation.StackPointer
        code.Emit(0x48, 0x89, 0xF0);                  // mov rax, rsi
        code.Emit(0x48, 0x89, 0xD7);                  // mov rdi, rdx
        code.Emit(0x48, 0x89, 0xCE);                  // mov rsi, rcx
        code.Emit(0xFF, 0xD0);                        // call rax
        code.Emit(0x31, 0xC0);                        // xor eax, eax
        code.Bind(leave);
        code.Emit(0x48, 0x83, 0xC4, 0x08);            // add rsp, 8
        code.Emit(0x41, 0x5F, 0x41, 0x5E);            // pop r15 ; pop r14
        code.Emit(0x41, 0x5D, 0x41, 0x5C);            // pop r13 ; pop r12
        code.Emit(0x5B, 0x5D, 0xC3);                  // pop rbx ; pop rbp ; ret

        // Reached from the signal handler, which has set rdi to the activation and rsp to its stack pointer.
        trapExit = code.Offset;
        code.Emit(0x0F, 0xAE, 0x14, 0x24);            // ldmxcsr [rsp]           callee-saved, like the x87 control word
        code.Emit(0xDB, 0xE3);                        // fninit                  an interrupted x87 routine leaves registers behind
        code.Emit(0xD9, 0x6C, 0x24, 0x04);            // fldcw [rsp+4]
        code.Emit(0xB8, 1, 0, 0, 0);                  // mov eax, 1
        code.Branch(leave, 0xE9);                     // jmp leave
        return entry;
    }

    /// <inheritdoc/>
    /// <remarks><c>void Handler(int signal rdi, siginfo_t* rsi, ucontext_t* rdx)</c></remarks>
    public override int WriteHandler(StubWriter code, ulong globals)
    {
        int entry = code.Offset;
        StubLabel chain = code.NewLabel(), ours = code.NewLabel();
        StubLabel outside = code.NewLabel(), fallBack = code.NewLabel();

        code.Emit(0x57, 0x56, 0x52);                  // push rdi ; push rsi ; push rdx      rsp is now 16-aligned
        LoadGlobals(code, globals);                   // mov r9, globals
        code.Emit(0x41, 0x8B, 0x39);                  // mov edi, [r9]                       Key
        code.Emit(0x41, 0xFF, 0x51, GlobalsGetSpecific);   // call [r9+GetSpecific]          rax = NativeThreadState*
        LoadGlobals(code, globals);
        code.Emit(0x48, 0x85, 0xC0);                  // test rax, rax                       a thread that never called compiled code
        code.Branch(chain, 0x0F, 0x84);               // jz chain
        code.Emit(0x48, 0x8B, 0x08);                  // mov rcx, [rax]                      Current
        code.Emit(0x48, 0x85, 0xC9);                  // test rcx, rcx                       outside of compiled code
        code.Branch(chain, 0x0F, 0x84);               // jz chain
        code.Emit(0x48, 0x8B, 0x14, 0x24);            // mov rdx, [rsp]                      the ucontext
        code.Emit(0x48, 0xC7, 0x41, 0x20, 0, 0, 0, 0);     // mov qword [rcx+32], 0          Caller

        // Is the PC in code memory? r10 = its page number.
        code.Emit(0x4C, 0x8B, 0x92);                  // mov r10, [rdx+168]                  RIP
        code.Emit32(168);
        code.Emit(0x49, 0xC1, 0xEA, 12);              // shr r10, 12
        WriteRangeSearch(code, GlobalsCodeRanges, GlobalsCodeEnd, ours);

        // In a library that compiled code is linked to?
        WriteRangeSearch(code, GlobalsImageRanges, GlobalsImageEnd, outside);

        // A jump to nowhere: a page fault (14) on an instruction fetch (error bit 4) whose return address is compiled code.
        code.Emit(0x48, 0x83, 0xBA);                  // cmp qword [rdx+200], 14             trap number
        code.Emit32(200);
        code.Emit(14);
        code.Branch(chain, 0x0F, 0x85);               // jne chain
        code.Emit(0xF6, 0x82);                        // test byte [rdx+192], 16             error code
        code.Emit32(192);
        code.Emit(16);
        code.Branch(chain, 0x0F, 0x84);               // jz chain
        WriteReturnAddressCheck(code, ContextRsp, ours, chain);

        code.Bind(outside);
        WriteCallerSearch(code, ContextRsp, ours);

        code.Bind(ours);
        code.Emit(0x5A, 0x5E, 0x5F);                  // pop rdx ; pop rsi ; pop rdi
        code.Emit(0x89, 0x79, 0x10);                  // mov [rcx+16], edi                   Signal
        code.Emit(0x8B, 0x46, 0x08);                  // mov eax, [rsi+8]                    si_code
        code.Emit(0x89, 0x41, 0x14);                  // mov [rcx+20], eax                   SignalCode
        code.Emit(0x48, 0x8B, 0x46, 0x10);            // mov rax, [rsi+16]                   si_addr
        code.Emit(0x48, 0x89, 0x41, 0x18);            // mov [rcx+24], rax                   FaultAddress
        code.Emit(0x49, 0x89, 0xC8);                  // mov r8, rcx
        code.Emit(0x48, 0x8D, 0x72, 0x28);            // lea rsi, [rdx+40]                   gregs
        code.Emit(0x49, 0x8D, 0x78, 0x28);            // lea rdi, [r8+40]                    Registers
        code.Emit(0xB9, RegisterCount, 0, 0, 0);    // mov ecx, 23
        code.Emit(0xF3, 0x48, 0xA5);                  // rep movsq
        code.Emit(0x4C, 0x89, 0x42, 0x68);            // mov [rdx+104], r8                   RDI = the activation
        code.Emit(0x49, 0x8B, 0x00);                  // mov rax, [r8]
        code.Emit(0x48, 0x89, 0x82);                  // mov [rdx+160], rax                  RSP = the entry stub's
        code.Emit32(160);
        code.Emit(0x49, 0x8B, 0x41, GlobalsTrapExit); // mov rax, [r9+TrapExit]
        code.Emit(0x48, 0x89, 0x82);                  // mov [rdx+168], rax                  RIP = trap exit
        code.Emit32(168);
        code.Emit(0x81, 0xA2);                        // and dword [rdx+176], ~(TF|DF|AC)    EFLAGS
        code.Emit32(176);
        code.Emit32(~0x40500u);
        code.Emit(0xC3);                              // ret

        code.Bind(chain);
        code.Emit(0x5A, 0x5E, 0x5F);                  // pop rdx ; pop rsi ; pop rdi
        code.Emit(0x89, 0xF8);                        // mov eax, edi
        code.Emit(0x49, 0x8B, 0x44, 0xC1, GlobalsOldHandlers); // mov rax, [r9+rax*8+OldHandlers]
        code.Emit(0x48, 0x83, 0xF8, 0x01);            // cmp rax, 1
        code.Branch(fallBack, 0x0F, 0x86);            // jbe fallBack                        SIG_DFL, SIG_IGN
        code.Emit(0xFF, 0xE0);                        // jmp rax

        // Nobody was there before: the default action, as soon as the signal is unblocked by our return.
        code.Bind(fallBack);
        code.Emit(0x57);                              // push rdi
        code.Emit(0x31, 0xF6);                        // xor esi, esi                        SIG_DFL
        code.Emit(0x41, 0xFF, 0x51, GlobalsSignal);   // call [r9+Signal]
        LoadGlobals(code, globals);
        code.Emit(0x48, 0x8B, 0x3C, 0x24);            // mov rdi, [rsp]
        code.Emit(0x41, 0xFF, 0x51, GlobalsRaise);    // call [r9+Raise]
        code.Emit(0x5F, 0xC3);                        // pop rdi ; ret
        return entry;
    }
    /// <inheritdoc/>
    public override unsafe (nuint ProgramCounter, nuint StackPointer) Read(in Activation activation)
    {
        // int3 reports the address behind it.
        bool isBreakpoint = activation.Signal == SignalHandlers.Trap && activation.Registers[TrapNumberIndex] == TrapNumberBreakpoint;
        return ((nuint)activation.Registers[RipIndex] - (isBreakpoint ? 1u : 0), (nuint)activation.Registers[RspIndex]);
    }
}
