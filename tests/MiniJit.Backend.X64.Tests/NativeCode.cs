// Runs emitted code on the host (Linux x86-64 only). Trap stubs are redirected to a tail that returns their trap code, so
// that a test sees a trap as a value.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using MiniJit.Codegen;
using Xunit;

namespace MiniJit.Backend.X64.Tests;

internal sealed unsafe partial class NativeCode : IDisposable
{
    /// <summary>A redirected trap returns this plus its code.</summary>
    public const long TrapBase = 0x5AFE_0000_0000_0000;

    private const int Size = 1 << 16;

    private readonly byte* _memory;

    public NativeCode(CompiledCode code)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64, "needs Linux on x86-64");
        List<byte> bytes = [.. code.Bytes];
        foreach (TrapSite trap in code.Traps)
        {
            if (bytes[trap.Offset] == 0x0F && bytes[trap.Offset + 1] == 0x0B)
            {
                int distance = bytes.Count - (trap.Offset + 2);
                Assert.InRange(distance, 0, 127);
                bytes[trap.Offset] = 0xEB;
                bytes[trap.Offset + 1] = (byte)distance;
                bytes.AddRange([0x48, 0xB8, .. BitConverter.GetBytes(TrapBase + trap.Code.Raw), 0xC9, 0xC3]);   // mov rax, imm64; leave; ret
            }
        }

        _memory = (byte*)Mmap(0, Size, 3, 0x22, -1, 0);
        CollectionsMarshal.AsSpan(bytes).CopyTo(new Span<byte>(_memory, Size));
        Assert.Equal(0, Mprotect((nint)_memory, Size, 5));
    }

    public nint Entry => (nint)_memory;

    public long Call(long a = 0, long b = 0, long c = 0) => ((delegate* unmanaged<long, long, long, long>)_memory)(a, b, c);

    public long CallFloat(float x) => ((delegate* unmanaged<float, long>)_memory)(x);

    public long CallDouble(double x) => ((delegate* unmanaged<double, long>)_memory)(x);

    public float ToFloat(long a) => ((delegate* unmanaged<long, float>)_memory)(a);

    public double ToDouble(long a) => ((delegate* unmanaged<long, double>)_memory)(a);

    public void Dispose() => _ = Munmap((nint)_memory, Size);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Mmap(nint address, nint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Mprotect(nint address, nint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Munmap(nint address, nint length);
}
