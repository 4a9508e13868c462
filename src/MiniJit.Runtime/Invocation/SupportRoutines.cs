// Library routines that the compiler may call and that no C library offers, or not reliably, written by hand.
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Threading;
using MiniJit.IR;

namespace MiniJit.Runtime.Invocation;

internal static class SupportRoutines
{
    private const int RoundingRoutines = LibCall.NearestF64 - LibCall.CeilF32 + 1, FmaRoutines = LibCall.FmaF64 - LibCall.FmaF32 + 1;

    private static readonly Lock s_lock = new();
    private static readonly int[] s_rounding = new int[RoundingRoutines], s_fma = new int[FmaRoutines];
    private static nint s_base;
    private static int s_probestack, s_pshufb;

    public static bool TryFind(LibCall call, out nint address)
    {
        address = 0;
        bool isRounding = call is >= LibCall.CeilF32 and <= LibCall.NearestF64 && Sse41.IsSupported;
        bool isFma = call is LibCall.FmaF32 or LibCall.FmaF64 && Fma.IsSupported;
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64 || !(isRounding || isFma || call is LibCall.Probestack or LibCall.X86Pshufb))
        {
            return false;
        }

        lock (s_lock)
        {
            if (s_base == 0)
            {
                StubWriter code = new();
                s_probestack = WriteProbestack(code);
                code.Align(16, 0xCC);
                s_pshufb = WritePshufb(code);
                for (int i = 0; i < RoundingRoutines; i++)
                {
                    code.Align(16, 0xCC);
                    s_rounding[i] = WriteRounding(code, (LibCall)((int)LibCall.CeilF32 + i));
                }

                for (int i = 0; i < FmaRoutines; i++)
                {
                    code.Align(16, 0xCC);
                    s_fma[i] = WriteFma(code, isDouble: i != 0);
                }

                byte[] bytes = code.Finish();
                s_base = FaultHandling.Place(bytes);

                // A probe that runs out of stack faults in here, and that is compiled code's doing.
                _ = FaultHandling.CodeRanges.TryAdd((ulong)s_base, bytes.Length);
            }
        }

        address = s_base + (isRounding ? s_rounding[call - LibCall.CeilF32]
            : isFma ? s_fma[call - LibCall.FmaF32]
            : call == LibCall.Probestack ? s_probestack
            : s_pshufb);
        return true;
    }

    /// <summary>
    /// One instruction that nearly every machine has, also where code is compiled for older ones. C libraries (musl's, and what Wine makes of
    /// Windows') may return a signalling NaN as it is.
    /// </summary>
    private static int WriteRounding(StubWriter code, LibCall call)
    {
        const byte Nearest = 0, Down = 1, Up = 2, ToZero = 3, KeepInexact = 8;
        int entry = code.Offset;
        bool isDouble = call is LibCall.CeilF64 or LibCall.FloorF64 or LibCall.TruncF64 or LibCall.NearestF64;
        byte mode = call switch
        {
            LibCall.CeilF32 or LibCall.CeilF64 => Up,
            LibCall.FloorF32 or LibCall.FloorF64 => Down,
            LibCall.TruncF32 or LibCall.TruncF64 => ToZero,
            _ => Nearest,
        };
        code.Emit(0x66, 0x0F, 0x3A, (byte)(isDouble ? 0x0B : 0x0A), 0xC0, (byte)(mode | KeepInexact));    // roundss xmm0, xmm0, mode
        code.Emit(0xC3);                                         // ret
        return entry;
    }

    /// <summary>As <see cref="WriteRounding"/>, where the machine has it.</summary>
    private static int WriteFma(StubWriter code, bool isDouble)
    {
        int entry = code.Offset;
        code.Emit(0xC4, 0xE2, (byte)(isDouble ? 0xF1 : 0x71), 0xA9, 0xC2);    // vfmadd213ss xmm0, xmm1, xmm2
        code.Emit(0xC3);                                         // ret
        return entry;
    }

    /// <summary>Touches every page of the rax bytes below the caller's stack pointer, from the top down; preserves all registers.</summary>
    private static int WriteProbestack(StubWriter code)
    {
        int entry = code.Offset;
        StubLabel next = code.NewLabel(), last = code.NewLabel();
        code.Emit(0x51);                                         // push rcx
        code.Emit(0x41, 0x53);                                   // push r11
        code.Emit(0x48, 0x89, 0xC1);                             // mov rcx, rax
        code.Emit(0x4C, 0x8D, 0x5C, 0x24, 0x18);                 // lea r11, [rsp+24]        the caller's stack pointer
        code.Bind(next);
        code.Emit(0x48, 0x81, 0xF9, 0x00, 0x10, 0x00, 0x00);     // cmp rcx, 4096
        code.Branch(last, 0x0F, 0x86);                           // jbe last
        code.Emit(0x49, 0x81, 0xEB, 0x00, 0x10, 0x00, 0x00);     // sub r11, 4096
        code.Emit(0x41, 0x83, 0x0B, 0x00);                       // or dword [r11], 0
        code.Emit(0x48, 0x81, 0xE9, 0x00, 0x10, 0x00, 0x00);     // sub rcx, 4096
        code.Branch(next, 0xE9);                                 // jmp next
        code.Bind(last);
        code.Emit(0x49, 0x29, 0xCB);                             // sub r11, rcx
        code.Emit(0x41, 0x83, 0x0B, 0x00);                       // or dword [r11], 0
        code.Emit(0x41, 0x5B, 0x59, 0xC3);                       // pop r11 ; pop rcx ; ret
        return entry;
    }

    /// <summary>The instruction of that name as a function of xmm0 and xmm1, in instructions that every x86-64 has.</summary>
    private static int WritePshufb(StubWriter code)
    {
        int entry = code.Offset;
        StubLabel next = code.NewLabel(), store = code.NewLabel();
        code.Emit(0x48, 0x83, 0xEC, 0x38);                       // sub rsp, 56
        code.Emit(0x0F, 0x11, 0x04, 0x24);                       // movups [rsp], xmm0       the bytes
        code.Emit(0x0F, 0x11, 0x4C, 0x24, 0x10);                 // movups [rsp+16], xmm1    their indices
        code.Emit(0xB9, 0x0F, 0x00, 0x00, 0x00);                 // mov ecx, 15
        code.Bind(next);
        code.Emit(0x0F, 0xBE, 0x54, 0x0C, 0x10);                 // movsx edx, byte [rsp+rcx+16]
        code.Emit(0x31, 0xC0);                                   // xor eax, eax
        code.Emit(0x85, 0xD2);                                   // test edx, edx            bit 7 selects zero
        code.Branch(store, 0x0F, 0x88);                          // js store
        code.Emit(0x83, 0xE2, 0x0F);                             // and edx, 15
        code.Emit(0x0F, 0xB6, 0x04, 0x14);                       // movzx eax, byte [rsp+rdx]
        code.Bind(store);
        code.Emit(0x88, 0x44, 0x0C, 0x20);                       // mov [rsp+rcx+32], al
        code.Emit(0xFF, 0xC9);                                   // dec ecx
        code.Branch(next, 0x0F, 0x89);                           // jns next
        code.Emit(0x0F, 0x10, 0x44, 0x24, 0x20);                 // movups xmm0, [rsp+32]
        code.Emit(0x48, 0x83, 0xC4, 0x38, 0xC3);                 // add rsp, 56 ; ret
        return entry;
    }
}
