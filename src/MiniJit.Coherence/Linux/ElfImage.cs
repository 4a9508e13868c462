// A static AArch64 executable, as far as loading needs it (ELF-64 object file format, chapters 2 and 5).
using System;
using System.Buffers.Binary;

namespace MiniJit.Coherence.Linux;

/// <summary>A PT_LOAD segment.</summary>
/// <param name="Address">Where it goes.</param>
/// <param name="MemorySize">Bytes there.</param>
/// <param name="FileOffset">Where its bytes are.</param>
/// <param name="FileSize">How many; the rest is zero.</param>
/// <param name="Flags">1 execute, 2 write, 4 read.</param>
internal readonly record struct ElfSegment(ulong Address, ulong MemorySize, int FileOffset, int FileSize, uint Flags);

internal sealed class ElfImage
{
    private const int HeaderSize = 64, ProgramHeaderSize = 56;
    private const ushort Executable = 2, SharedObject = 3, MachineAarch64 = 183;
    private const uint Load = 1, Interpreter = 3, ProgramHeaders = 6;

    private ElfImage(byte[] bytes, ulong entry, ElfSegment[] segments, ulong headers, int headerCount)
    {
        Bytes = bytes;
        Entry = entry;
        Segments = segments;
        HeaderAddress = headers;
        HeaderCount = headerCount;
    }

    public byte[] Bytes { get; }

    public ulong Entry { get; }

    public ElfSegment[] Segments { get; }

    /// <summary>Where the program headers end up in memory, and how many there are.</summary>
    public ulong HeaderAddress { get; }

    public int HeaderCount { get; }

    /// <summary>Reads an executable.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="positionIndependentBase">Where an executable goes that may go anywhere.</param>
    /// <param name="image">The result.</param>
    /// <param name="problem">Why it cannot be loaded.</param>
    public static bool TryRead(byte[] bytes, ulong positionIndependentBase, out ElfImage? image, out string problem)
    {
        image = null;
        ReadOnlySpan<byte> file = bytes;
        if (file.Length < HeaderSize || !file.StartsWith("\u007fELF"u8) || file[4] != 2 || file[5] != 1)
        {
            problem = "it is not a 64-bit little-endian ELF file";
            return false;
        }

        ushort type = U16(file, 16);
        if (U16(file, 18) != MachineAarch64 || type is not (Executable or SharedObject))
        {
            problem = "it is not an AArch64 executable";
            return false;
        }

        ulong bias = type == SharedObject ? positionIndependentBase : 0;
        ulong tableOffset = U64(file, 32);
        int count = U16(file, 56);
        if (U16(file, 54) != ProgramHeaderSize || tableOffset > (ulong)file.Length
            || (ulong)file.Length - tableOffset < (ulong)count * ProgramHeaderSize)
        {
            problem = "its program headers lie outside of the file";
            return false;
        }

        int loads = 0;
        ulong headers = 0;
        ElfSegment[] segments = new ElfSegment[count];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> header = file[((int)tableOffset + (i * ProgramHeaderSize))..];
            uint kind = U32(header, 0);
            ulong offset = U64(header, 8), address = U64(header, 16) + bias, fileSize = U64(header, 32), memorySize = U64(header, 40);
            if (kind == Interpreter)
            {
                problem = "it is dynamically linked; only static executables can be run";
                return false;
            }

            if (kind == ProgramHeaders)
            {
                headers = address;
            }

            if (kind != Load)
            {
                continue;
            }

            if (offset > (ulong)file.Length || fileSize > (ulong)file.Length - offset || memorySize < fileSize)
            {
                problem = "a segment lies outside of the file";
                return false;
            }

            if (tableOffset - offset < fileSize && headers == 0)
            {
                headers = address + tableOffset - offset;
            }

            segments[loads++] = new(address, memorySize, (int)offset, (int)fileSize, U32(header, 4));
        }

        problem = "";
        image = new(bytes, U64(file, 24) + bias, segments[..loads], headers, count);
        return true;
    }

    private static ushort U16(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[offset..]);

    private static uint U32(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);

    private static ulong U64(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[offset..]);
}
