using System;
using System.Collections.Generic;

namespace MiniJit.Runtime.Tests;

/// <summary>Just enough of an assembler for programs that a test writes itself. Registers are numbers; 31 is the zero register.</summary>
internal sealed class A64Writer
{
    private readonly List<uint> _words = [];
    private readonly Dictionary<string, int> _labels = [];
    private readonly List<(int Place, string Label)> _fixups = [];

    public int Offset => _words.Count * sizeof(uint);

    public void Label(string name) => _labels.Add(name, _words.Count);

    public void Words(ReadOnlySpan<uint> words) => _words.AddRange(words);

    public void Mov(int d, int m) => _words.Add(0xAA00_03E0 | R(m, 16) | R(d));

    /// <summary>Any number, in up to four instructions.</summary>
    public void Mov(int d, ulong value)
    {
        _words.Add(0xD280_0000 | (uint)(value & 0xFFFF) << 5 | R(d));                          // movz
        for (int part = 1; part < 4; part++)
        {
            uint bits = (uint)(value >> (16 * part) & 0xFFFF);
            if (bits != 0)
            {
                _words.Add(0xF280_0000 | (uint)part << 21 | bits << 5 | R(d));                 // movk
            }
        }
    }

    public void Add(int d, int n, uint immediate) => _words.Add(0x9100_0000 | immediate << 10 | R(n, 5) | R(d));

    public void AddRegister(int d, int n, int m) => _words.Add(0x8B00_0000 | R(m, 16) | R(n, 5) | R(d));

    public void Orr(int d, int n, int m) => _words.Add(0xAA00_0000 | R(m, 16) | R(n, 5) | R(d));

    public void Lsl(int d, int n, int shift) => _words.Add(0xD340_0000 | (uint)(-shift & 63) << 16 | (uint)(63 - shift) << 10 | R(n, 5) | R(d));

    public void Lslv(int d, int n, int m) => _words.Add(0x9AC0_2000 | R(m, 16) | R(n, 5) | R(d));

    public void Ubfx(int d, int n, int low, int width) => _words.Add(0xD340_0000 | (uint)low << 16 | (uint)(low + width - 1) << 10 | R(n, 5) | R(d));

    public void Cmp(int n, int m) => _words.Add(0xEB00_001F | R(m, 16) | R(n, 5));

    public void Cmn(int n, uint immediate) => _words.Add(0xB100_001F | immediate << 10 | R(n, 5));

    public void Ldr(int t, int n, uint offset) => _words.Add(0xF940_0000 | offset / 8 << 10 | R(n, 5) | R(t));

    public void Str(int t, int n, uint offset) => _words.Add(0xF900_0000 | offset / 8 << 10 | R(n, 5) | R(t));

    public void StrW(int t, int n, uint offset) => _words.Add(0xB900_0000 | offset / 4 << 10 | R(n, 5) | R(t));

    public void Ldar(int t, int n) => _words.Add(0xC8DF_FC00 | R(n, 5) | R(t));

    public void Stlr(int t, int n) => _words.Add(0xC89F_FC00 | R(n, 5) | R(t));

    public void Blr(int n) => _words.Add(0xD63F_0000 | R(n, 5));

    public void Ret(int n = 30) => _words.Add(0xD65F_0000 | R(n, 5));

    public void Yield() => _words.Add(0xD503_203F);

    /// <summary>A system call with its number; arguments are in x0 and on.</summary>
    public void Svc(uint number)
    {
        Mov(8, (ulong)number);
        _words.Add(0xD400_0001);
    }

    public void B(string label) => Branch(0x1400_0000, label);

    public void Bl(string label) => Branch(0x9400_0000, label);

    public void Beq(string label) => Branch(0x5400_0000, label);

    public void Bne(string label) => Branch(0x5400_0001, label);

    public void Blt(string label) => Branch(0x5400_000B, label);

    public void Ble(string label) => Branch(0x5400_000D, label);

    public void Cbz(int t, string label) => Branch(0xB400_0000 | R(t), label);

    public void Cbnz(int t, string label) => Branch(0xB500_0000 | R(t), label);

    public byte[] Finish()
    {
        foreach ((int place, string label) in _fixups)
        {
            uint distance = (uint)(_labels[label] - place);
            uint word = _words[place];
            bool isLong = (word & 0x7C00_0000) == 0x1400_0000;
            _words[place] = word | (isLong ? distance & 0x03FF_FFFF : (distance & 0x7FFFF) << 5);
        }

        byte[] bytes = new byte[Offset];
        Buffer.BlockCopy(_words.ToArray(), 0, bytes, 0, bytes.Length);
        return bytes;
    }

    private void Branch(uint word, string label)
    {
        _fixups.Add((_words.Count, label));
        _words.Add(word);
    }

    private static uint R(int register, int shift = 0) => (uint)register << shift;
}
