// ModRM, SIB and displacement. Three irregularities: rm 100 means "SIB follows" (so rsp and r12 as a base need one),
// mod 00 with rm or base 101 means "no base" (so rbp and r13 need a displacement), index 100 means "none".
using System;
using System.Buffers.Binary;
using MiniJit.Codegen;
using MiniJit.Codegen.Emission;

namespace MiniJit.Backend.X64;

internal static partial class Encode
{
    private const int SibFollows = 4, NoBase = 5, NoIndex = 4;

    /// <summary>Writes the r/m operand; <paramref name="displacement"/> is where a rip-relative displacement is to be patched, or −1.</summary>
    private static int ModRm(Span<byte> code, int n, int reg, in Rm rm, out int displacement)
    {
        displacement = -1;
        int regBits = (reg & 7) << 3;
        if (rm.IsRegister)
        {
            code[n++] = (byte)(0xC0 | regBits | (rm.Base & 7));
            return n;
        }

        if (rm.Kind != RmKind.Memory)
        {
            code[n++] = (byte)(regBits | NoBase);
            displacement = n;
            BinaryPrimitives.WriteInt32LittleEndian(code[n..], 0);
            return n + 4;
        }

        if (rm.Base < 0)
        {
            code[n++] = (byte)(regBits | SibFollows);
            code[n++] = (byte)((rm.Scale << 6) | ((rm.Index < 0 ? NoIndex : rm.Index & 7) << 3) | NoBase);
            BinaryPrimitives.WriteInt32LittleEndian(code[n..], rm.Disp);
            return n + 4;
        }

        int baseBits = rm.Base & 7;
        int mod = rm.Disp == 0 && baseBits != NoBase ? 0 : rm.Disp == (sbyte)rm.Disp ? 1 : 2;
        if (rm.Index >= 0 || baseBits == SibFollows)
        {
            code[n++] = (byte)((mod << 6) | regBits | SibFollows);
            code[n++] = (byte)((rm.Scale << 6) | ((rm.Index < 0 ? NoIndex : rm.Index & 7) << 3) | baseBits);
        }
        else
        {
            code[n++] = (byte)((mod << 6) | regBits | baseBits);
        }

        switch (mod)
        {
            case 1:
                code[n++] = (byte)rm.Disp;
                break;
            case 2:
                BinaryPrimitives.WriteInt32LittleEndian(code[n..], rm.Disp);
                n += 4;
                break;
        }

        return n;
    }

    /// <summary>A rip-relative displacement counts from the end of the whole instruction, immediate included.</summary>
    private static void ResolveRip(MachineBuffer buffer, in Rm rm, int place, int end)
    {
        switch (rm.Kind)
        {
            case RmKind.Label:
                buffer.UseLabel(place, new Label(rm.Data), BranchEncoder.Relative32, end - rm.Disp);
                break;
            case RmKind.Symbol:
                buffer.AddRelocation(place, RelocationKind.X64PcRel4, rm.Data, rm.Disp - (end - place));
                break;
            default:
                buffer.AddRelocation(place, RelocationKind.X64GotPcRel4, rm.Data, -(end - place));
                break;
        }
    }
}
