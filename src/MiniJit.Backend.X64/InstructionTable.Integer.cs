// Rows of the integer forms (Intel SDM, volume 2). See InstructionTable.cs for the columns.
using System;
using static MiniJit.Backend.X64.EncodingBits;
using static MiniJit.Backend.X64.FormTraits;
using static MiniJit.Backend.X64.ImmediateKind;
using static MiniJit.Backend.X64.OperandEncoding;
using static MiniJit.Backend.X64.RegisterFiles;
using static MiniJit.Backend.X64.X64Features;

namespace MiniJit.Backend.X64;

internal static partial class InstructionTable
{
    private static InstructionRow[] IntegerRows() =>
    [
        //  form  mnemonic, operand encoding, registers (reg, rm), sizes, encoding, immediate, needs, traits
        // Moves, extensions and addresses
        new(X64Form.MovRm,      "mov",    RM,       GG, BWDQ, Int | 0x8B,          NoImm, Any, Plain),
        new(X64Form.MovMr,      "mov",    Store,    GG, BWDQ, Int | 0x89,          NoImm, Any, Plain),
        new(X64Form.MovMi,      "mov",    StoreImm, GG, BWDQ, Int | 0xC7 | Slash0, Iz,    Any, Plain),
        new(X64Form.MovRi32,    "mov",    DefO,     GG, D,    0xB8,                Id,    Any, Plain),
        new(X64Form.MovRiSx,    "mov",    DefM,     GG, Q,    W1 | 0xC7 | Slash0,  Id,    Any, Plain),
        new(X64Form.MovRi64,    "mov",    DefO,     GG, Q,    W1 | 0xB8,           Iq,    Any, Plain),
        new(X64Form.MovzxByte,  "movzx",  RM,       GG, WDQ,  Int | M0F | 0xB6,    NoImm, Any, ByteRm),
        new(X64Form.MovzxWord,  "movzx",  RM,       GG, DQ,   Int | M0F | 0xB7,    NoImm, Any, Plain),
        new(X64Form.MovsxByte,  "movsx",  RM,       GG, WDQ,  Int | M0F | 0xBE,    NoImm, Any, ByteRm),
        new(X64Form.MovsxWord,  "movsx",  RM,       GG, DQ,   Int | M0F | 0xBF,    NoImm, Any, Plain),
        new(X64Form.MovsxDword, "movsxd", RM,       GG, Q,    Int | 0x63,          NoImm, Any, Plain),
        new(X64Form.Lea,        "lea",    Lea,      GG, DQ,   Int | 0x8D,          NoImm, Any, Address),
        new(X64Form.Bswap,      "bswap",  ReuseO,   GG, DQ,   Int | M0F | 0xC8,    NoImm, Any, Plain),
        new(X64Form.Push,       "push",   UseO,     GG, Q,    0x50         ,       NoImm, Any, Plain),
        new(X64Form.Pop,        "pop",    DefO,     GG, Q,    0x58         ,       NoImm, Any, Plain),
        new(X64Form.Xchg,       "xchg",   Exchange, GG, BWDQ, Int | 0x87,          NoImm, Any, ImplicitLock),

        // Integer arithmetic and logic
        new(X64Form.AddRm,    "add",  RRM,      GG, BWDQ, Int | 0x03,          NoImm,  Any, WritesFlags | Commutative),
        new(X64Form.AddMi,    "add",  M,        GG, BWDQ, Int | 0x81 | Slash0, IbOrIz, Any, WritesFlags),
        new(X64Form.AddMr,    "add",  Store,    GG, BWDQ, Int | 0x01,          NoImm,  Any, WritesFlags),
        new(X64Form.OrRm,     "or",   RRM,      GG, BWDQ, Int | 0x0B,          NoImm,  Any, WritesFlags | Commutative),
        new(X64Form.OrMi,     "or",   M,        GG, BWDQ, Int | 0x81 | Slash1, IbOrIz, Any, WritesFlags),
        new(X64Form.OrMr,     "or",   Store,    GG, BWDQ, Int | 0x09,          NoImm,  Any, WritesFlags),
        new(X64Form.AdcRm,    "adc",  RRM,      GG, BWDQ, Int | 0x13,          NoImm,  Any, WritesFlags | ReadsFlags | Commutative),
        new(X64Form.AdcMi,    "adc",  M,        GG, BWDQ, Int | 0x81 | Slash2, IbOrIz, Any, WritesFlags | ReadsFlags),
        new(X64Form.AdcMr,    "adc",  Store,    GG, BWDQ, Int | 0x11,          NoImm,  Any, WritesFlags | ReadsFlags),
        new(X64Form.SbbRm,    "sbb",  RRM,      GG, BWDQ, Int | 0x1B,          NoImm,  Any, WritesFlags | ReadsFlags),
        new(X64Form.SbbMi,    "sbb",  M,        GG, BWDQ, Int | 0x81 | Slash3, IbOrIz, Any, WritesFlags | ReadsFlags),
        new(X64Form.SbbMr,    "sbb",  Store,    GG, BWDQ, Int | 0x19,          NoImm,  Any, WritesFlags | ReadsFlags),
        new(X64Form.AndRm,    "and",  RRM,      GG, BWDQ, Int | 0x23,          NoImm,  Any, WritesFlags | Commutative),
        new(X64Form.AndMi,    "and",  M,        GG, BWDQ, Int | 0x81 | Slash4, IbOrIz, Any, WritesFlags),
        new(X64Form.AndMr,    "and",  Store,    GG, BWDQ, Int | 0x21,          NoImm,  Any, WritesFlags),
        new(X64Form.SubRm,    "sub",  RRM,      GG, BWDQ, Int | 0x2B,          NoImm,  Any, WritesFlags),
        new(X64Form.SubMi,    "sub",  M,        GG, BWDQ, Int | 0x81 | Slash5, IbOrIz, Any, WritesFlags),
        new(X64Form.SubMr,    "sub",  Store,    GG, BWDQ, Int | 0x29,          NoImm,  Any, WritesFlags),
        new(X64Form.XorRm,    "xor",  RRM,      GG, BWDQ, Int | 0x33,          NoImm,  Any, WritesFlags | Commutative),
        new(X64Form.XorMi,    "xor",  M,        GG, BWDQ, Int | 0x81 | Slash6, IbOrIz, Any, WritesFlags),
        new(X64Form.XorMr,    "xor",  Store,    GG, BWDQ, Int | 0x31,          NoImm,  Any, WritesFlags),
        new(X64Form.CmpRm,    "cmp",  UseRM,    GG, BWDQ, Int | 0x3B,          NoImm,  Any, WritesFlags),
        new(X64Form.CmpMi,    "cmp",  UseM,     GG, BWDQ, Int | 0x81 | Slash7, IbOrIz, Any, WritesFlags),
        new(X64Form.CmpMr,    "cmp",  UseMR,    GG, BWDQ, Int | 0x39,          NoImm,  Any, WritesFlags),
        new(X64Form.TestMr,   "test", UseMR,    GG, BWDQ, Int | 0x85,          NoImm,  Any, WritesFlags | Commutative),
        new(X64Form.TestMi,   "test", UseM,     GG, BWDQ, Int | 0xF7 | Slash0, Iz,     Any, WritesFlags),
        new(X64Form.Not,      "not",  M,        GG, BWDQ, Int | 0xF7 | Slash2, NoImm,  Any, Plain),
        new(X64Form.Neg,      "neg",  M,        GG, BWDQ, Int | 0xF7 | Slash3, NoImm,  Any, WritesFlags),
        new(X64Form.ImulRm,   "imul", RRM,      GG, WDQ,  Int | M0F | 0xAF,    NoImm,  Any, WritesFlags | Commutative),
        new(X64Form.ImulRmi,  "imul", RM,       GG, WDQ,  Int | 0x69,          IbOrIz, Any, WritesFlags),
        new(X64Form.Mul,      "mul",  MulWide,  GG, WDQ,  Int | 0xF7 | Slash4, NoImm,  Any, WritesFlags | Commutative),
        new(X64Form.ImulWide, "imul", MulWide,  GG, WDQ,  Int | 0xF7 | Slash5, NoImm,  Any, WritesFlags | Commutative),
        new(X64Form.MulByte,  "mul",  MulByte,  GG, B,    Int | 0xF7 | Slash4, NoImm,  Any, WritesFlags | Commutative),
        new(X64Form.ImulByte, "imul", MulByte,  GG, B,    Int | 0xF7 | Slash5, NoImm,  Any, WritesFlags | Commutative),
        new(X64Form.Div,      "div",  DivWide,  GG, WDQ,  Int | 0xF7 | Slash6, NoImm,  Any, WritesFlags | MayTrap),
        new(X64Form.Idiv,     "idiv", DivWide,  GG, WDQ,  Int | 0xF7 | Slash7, NoImm,  Any, WritesFlags | MayTrap),
        new(X64Form.DivByte,  "div",  DivByte,  GG, B,    Int | 0xF7 | Slash6, NoImm,  Any, WritesFlags | MayTrap),
        new(X64Form.IdivByte, "idiv", DivByte,  GG, B,    Int | 0xF7 | Slash7, NoImm,  Any, WritesFlags | MayTrap),
        new(X64Form.Cbw,      "cbw",  ExtendAx, GG, WDQ,  Int | 0x98,          NoImm,  Any, Plain),
        new(X64Form.Cwd,      "cwd",  ExtendDx, GG, WDQ,  Int | 0x99,          NoImm,  Any, Plain),

        // Shifts, rotates and bits
        new(X64Form.RolMi,   "rol",    M,        GG, BWDQ, Int | 0xC1 | Slash0,                 Ib,    Any,    WritesFlags),
        new(X64Form.RolCl,   "rol",    MC,       GG, BWDQ, Int | 0xD3 | Slash0,                 NoImm, Any,    WritesFlags),
        new(X64Form.RorMi,   "ror",    M,        GG, BWDQ, Int | 0xC1 | Slash1,                 Ib,    Any,    WritesFlags),
        new(X64Form.RorCl,   "ror",    MC,       GG, BWDQ, Int | 0xD3 | Slash1,                 NoImm, Any,    WritesFlags),
        new(X64Form.ShlMi,   "shl",    M,        GG, BWDQ, Int | 0xC1 | Slash4,                 Ib,    Any,    WritesFlags),
        new(X64Form.ShlCl,   "shl",    MC,       GG, BWDQ, Int | 0xD3 | Slash4,                 NoImm, Any,    WritesFlags),
        new(X64Form.ShrMi,   "shr",    M,        GG, BWDQ, Int | 0xC1 | Slash5,                 Ib,    Any,    WritesFlags),
        new(X64Form.ShrCl,   "shr",    MC,       GG, BWDQ, Int | 0xD3 | Slash5,                 NoImm, Any,    WritesFlags),
        new(X64Form.SarMi,   "sar",    M,        GG, BWDQ, Int | 0xC1 | Slash7,                 Ib,    Any,    WritesFlags),
        new(X64Form.SarCl,   "sar",    MC,       GG, BWDQ, Int | 0xD3 | Slash7,                 NoImm, Any,    WritesFlags),
        new(X64Form.ShldImm, "shld",   MRI,      GG, WDQ,  Int | M0F | 0xA4,                    Ib,    Any,    WritesFlags),
        new(X64Form.ShldCl,  "shld",   MRC,      GG, WDQ,  Int | M0F | 0xA5,                    NoImm, Any,    WritesFlags),
        new(X64Form.ShrdImm, "shrd",   MRI,      GG, WDQ,  Int | M0F | 0xAC,                    Ib,    Any,    WritesFlags),
        new(X64Form.ShrdCl,  "shrd",   MRC,      GG, WDQ,  Int | M0F | 0xAD,                    NoImm, Any,    WritesFlags),
        new(X64Form.BtMr,    "bt",     UseMRReg, GG, WDQ,  Int | M0F | 0xA3,                    NoImm, Any,    WritesFlags),
        new(X64Form.BtMi,    "bt",     UseM,     GG, WDQ,  Int | M0F | 0xBA | Slash4,           Ib,    Any,    WritesFlags),
        new(X64Form.Bsf,     "bsf",    RRM,      GG, WDQ,  Int | M0F | 0xBC,                    NoImm, Any,    WritesFlags),
        new(X64Form.Bsr,     "bsr",    RRM,      GG, WDQ,  Int | M0F | 0xBD,                    NoImm, Any,    WritesFlags),
        new(X64Form.Tzcnt,   "tzcnt",  RM,       GG, WDQ,  Int | F3 | M0F | 0xBC,               NoImm, Bmi1,   WritesFlags),
        new(X64Form.Lzcnt,   "lzcnt",  RM,       GG, WDQ,  Int | F3 | M0F | 0xBD,               NoImm, Lzcnt,  WritesFlags),
        new(X64Form.Popcnt,  "popcnt", RM,       GG, WDQ,  Int | F3 | M0F | 0xB8,               NoImm, Popcnt, WritesFlags),
        new(X64Form.Andn,    "andn",   RVM,      GG, DQ,   Vex | WSize | M0F38 | 0xF2,          NoImm, Bmi1,   WritesFlags),
        new(X64Form.Blsr,    "blsr",   VM,       GG, DQ,   Vex | WSize | M0F38 | 0xF3 | Slash1, NoImm, Bmi1,   WritesFlags),
        new(X64Form.Blsmsk,  "blsmsk", VM,       GG, DQ,   Vex | WSize | M0F38 | 0xF3 | Slash2, NoImm, Bmi1,   WritesFlags),
        new(X64Form.Blsi,    "blsi",   VM,       GG, DQ,   Vex | WSize | M0F38 | 0xF3 | Slash3, NoImm, Bmi1,   WritesFlags),
        new(X64Form.Bextr,   "bextr",  RMV,      GG, DQ,   Vex | WSize | M0F38 | 0xF7,          NoImm, Bmi1,   WritesFlags),
        new(X64Form.Bzhi,    "bzhi",   RMV,      GG, DQ,   Vex | WSize | M0F38 | 0xF5,          NoImm, Bmi2,   WritesFlags),
        new(X64Form.Shlx,    "shlx",   RMV,      GG, DQ,   Vex | P66 | WSize | M0F38 | 0xF7,    NoImm, Bmi2,   Plain),
        new(X64Form.Shrx,    "shrx",   RMV,      GG, DQ,   Vex | F2 | WSize | M0F38 | 0xF7,     NoImm, Bmi2,   Plain),
        new(X64Form.Sarx,    "sarx",   RMV,      GG, DQ,   Vex | F3 | WSize | M0F38 | 0xF7,     NoImm, Bmi2,   Plain),
        new(X64Form.Rorx,    "rorx",   RM,       GG, DQ,   Vex | F2 | WSize | M0F3A | 0xF0,     Ib,    Bmi2,   Plain),
        new(X64Form.Mulx,    "mulx",   Mulx,     GG, DQ,   Vex | F2 | WSize | M0F38 | 0xF6,     NoImm, Bmi2,   Plain),

        // Conditions
        new(X64Form.Setcc,  "set",  DefM, GG, B,   M0F | 0x90,       NoImm, Any, ReadsFlags | Cond | ByteRm),
        new(X64Form.Cmovcc, "cmov", RRM,  GG, WDQ, Int | M0F | 0x40, NoImm, Any, ReadsFlags | Cond),

        // Atomics and fences
        new(X64Form.LockAdd,        "add",        Store,       GG, BWDQ, Int | 0x01,               NoImm,  Any,        WritesFlags | Lock),
        new(X64Form.LockOr,         "or",         Store,       GG, BWDQ, Int | 0x09,               NoImm,  Any,        WritesFlags | Lock),
        new(X64Form.LockAnd,        "and",        Store,       GG, BWDQ, Int | 0x21,               NoImm,  Any,        WritesFlags | Lock),
        new(X64Form.LockSub,        "sub",        Store,       GG, BWDQ, Int | 0x29,               NoImm,  Any,        WritesFlags | Lock),
        new(X64Form.LockXor,        "xor",        Store,       GG, BWDQ, Int | 0x31,               NoImm,  Any,        WritesFlags | Lock),
        new(X64Form.LockOrMi,       "or",         StoreImm,    GG, BWDQ, Int | 0x81 | Slash1,      IbOrIz, Any,        WritesFlags | Lock),
        new(X64Form.LockXadd,       "xadd",       Exchange,    GG, BWDQ, Int | M0F | 0xC1,         NoImm,  Any,        WritesFlags | Lock),
        new(X64Form.LockCmpxchg,    "cmpxchg",    Cmpxchg,     GG, BWDQ, Int | M0F | 0xB1,         NoImm,  Any,        WritesFlags | Lock),
        new(X64Form.LockCmpxchg16b, "cmpxchg16b", CmpxchgPair, GG, O,    W1 | M0F | 0xC7 | Slash1, NoImm,  Cmpxchg16b, WritesFlags | Lock),
        new(X64Form.Mfence,         "mfence",     ZO,          GG, 0,    M0F | 0xAE | Slash6,      NoImm,  Any,        Plain),
        new(X64Form.Pause,          "pause",      ZO,          GG, 0,    F3 | 0x90,                NoImm,  Any,        Plain),
        new(X64Form.Ud2,            "ud2",        ZO,          GG, 0,    M0F | 0x0B,               NoImm,  Any,        MayTrap | Terminator),
        new(X64Form.Int3,           "int3",       ZO,          GG, 0,    0xCC,                     NoImm,  Any,        Plain),
    ];
}
