// What the runtime's machine code for x86-64 has in common on every system.
namespace MiniJit.Runtime.Invocation;

internal static class X64Stubs
{
    public const byte GlobalsTrapExit = 16, GlobalsCodeEnd = 40, GlobalsImageEnd = 48;
    public const uint GlobalsCodeRanges = 320, GlobalsImageRanges = 8512;

    public static void LoadGlobals(StubWriter code, ulong globals)
    {
        code.Emit(0x49, 0xB9);                        // mov r9, imm64
        code.Emit64(globals);
    }

    /// <summary>Goes to <paramref name="found"/> if page r10 is in a range of the table (see <see cref="CodeRangeTable"/>) of the globals at r9; uses rsi, rdi, r11.</summary>
    public static void WriteRangeSearch(StubWriter code, uint table, byte end, StubLabel found)
    {
        StubLabel next = code.NewLabel(), done = code.NewLabel();
        code.Emit(0x4D, 0x8D, 0x99);                  // lea r11, [r9+table]
        code.Emit32(table);
        code.Bind(next);
        code.Emit(0x4D, 0x3B, 0x59, end);             // cmp r11, [r9+end]
        code.Branch(done, 0x0F, 0x83);                // jae done
        code.Emit(0x49, 0x8B, 0x33);                  // mov rsi, [r11]
        code.Emit(0x48, 0x89, 0xF7);                  // mov rdi, rsi
        code.Emit(0x48, 0xC1, 0xEE, CodeRangeTable.LengthBits);    // shr rsi, 19             first page
        code.Emit(0x81, 0xE7);                        // and edi, 0x7FFFF                    number of pages
        code.Emit32((1u << CodeRangeTable.LengthBits) - 1);
        code.Emit(0x4C, 0x29, 0xD6);                  // sub rsi, r10
        code.Emit(0x48, 0xF7, 0xDE);                  // neg rsi                             page - first page
        code.Emit(0x48, 0x39, 0xFE);                  // cmp rsi, rdi                        unsigned: also false below the range
        code.Branch(found, 0x0F, 0x82);               // jb found
        code.Emit(0x49, 0x83, 0xC3, 0x08);            // add r11, 8
        code.Branch(next, 0xE9);                      // jmp next
        code.Bind(done);
    }

    /// <summary>
    /// rsi = the stack pointer of the fault, if it lies between the lowest address of the stack of the thread (rax: its
    /// <see cref="NativeThreadState"/>) and the entry stub's frame (rcx: the <see cref="Activation"/>); rdx: the system's context.
    /// </summary>
    public static void WriteStackCheck(StubWriter code, uint contextRsp, StubLabel otherwise)
    {
        code.Emit(0x48, 0x8B, 0xB2);                  // mov rsi, [rdx+rsp]
        code.Emit32(contextRsp);
        code.Emit(0x48, 0x3B, 0x70, 0x08);            // cmp rsi, [rax+8]                    StackLow
        code.Branch(otherwise, 0x0F, 0x82);           // jb otherwise
        code.Emit(0x48, 0x3B, 0x31);                  // cmp rsi, [rcx]                      Activation.StackPointer
        code.Branch(otherwise, 0x0F, 0x83);           // jae otherwise
    }

    /// <summary>
    /// For a fault in a library: the innermost word on the stack that is an address in compiled code tells who called it. It goes to
    /// Activation.Caller; uses r8.
    /// </summary>
    public static void WriteCallerSearch(StubWriter code, uint contextRsp, StubLabel done)
    {
        StubLabel next = code.NewLabel(), found = code.NewLabel();
        WriteStackCheck(code, contextRsp, done);
        code.Emit(0x49, 0x89, 0xF0);                  // mov r8, rsi
        code.Bind(next);
        code.Emit(0x4C, 0x3B, 0x01);                  // cmp r8, [rcx]                       up to the entry stub
        code.Branch(done, 0x0F, 0x83);                // jae done
        code.Emit(0x4D, 0x8B, 0x10);                  // mov r10, [r8]
        code.Emit(0x49, 0xC1, 0xEA, 12);              // shr r10, 12
        WriteRangeSearch(code, GlobalsCodeRanges, GlobalsCodeEnd, found);
        code.Emit(0x49, 0x83, 0xC0, 0x08);            // add r8, 8
        code.Branch(next, 0xE9);                      // jmp next
        code.Bind(found);
        code.Emit(0x4D, 0x8B, 0x10);                  // mov r10, [r8]
        code.Emit(0x4C, 0x89, 0x51, 0x20);            // mov [rcx+32], r10                   Caller
    }

    /// <summary>For a jump to nowhere: goes to <paramref name="otherwise"/> unless the word at the stack pointer, noted as the caller, is an address in compiled code.</summary>
    public static void WriteReturnAddressCheck(StubWriter code, uint contextRsp, StubLabel ours, StubLabel otherwise)
    {
        WriteStackCheck(code, contextRsp, otherwise);
        code.Emit(0x4C, 0x8B, 0x16);                  // mov r10, [rsi]
        code.Emit(0x4C, 0x89, 0x51, 0x20);            // mov [rcx+32], r10                   Caller
        code.Emit(0x49, 0xC1, 0xEA, 12);              // shr r10, 12
        WriteRangeSearch(code, GlobalsCodeRanges, GlobalsCodeEnd, ours);
        code.Branch(otherwise, 0xE9);                 // jmp otherwise
    }
}
