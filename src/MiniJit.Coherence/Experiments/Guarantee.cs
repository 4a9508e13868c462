// What a publication must guarantee, one row per rule of the architecture (Arm ARM B2.3.6, K13.5; the verdicts are those of the litmus
// tests named here, computed by herd with Arm's model for the three cache types that it knows). A mutant says which guarantees it breaks;
// whether that is a mistake on a machine, and if not why, follows from here.
using System;
using MiniJit.Coherence.Caches;

namespace MiniJit.Coherence.Experiments;

internal enum Guarantee : byte
{
    /// <summary>Every line with new bytes is cleaned.</summary>
    LinesCleaned,

    /// <summary>The cleans come before the invalidations.</summary>
    CleansFirst,

    /// <summary>The stores come before the invalidations.</summary>
    StoresFirst,

    /// <summary>Every line with new bytes is invalidated.</summary>
    LinesInvalidated,

    /// <summary>The invalidations are complete on every core before anything that relies on them.</summary>
    InvalidationsDone,

    /// <summary>The stores are performed before the contexts are synchronised.</summary>
    StoresDone,

    /// <summary>The writer's core forgets what it has fetched ahead.</summary>
    OwnContext,

    /// <summary>The other cores do.</summary>
    OtherContexts,

    /// <summary>Nobody learns of the code before its publication is complete.</summary>
    ReachableLast,
}

/// <summary>One row.</summary>
/// <param name="Guarantee">Which.</param>
/// <param name="IsNeeded">Whether a machine with such a cache on one of its cores needs it.</param>
/// <param name="Excuse">Why a machine can do without it.</param>
/// <param name="Witness">The litmus test that decides, with its verdicts for IDC = DIC = 0, for IDC = 1, and for both.</param>
internal sealed record GuaranteeRule(Guarantee Guarantee, Func<CacheTraits, bool> IsNeeded, string Excuse, string Witness)
{
    private const string Idc = "IDC: fetch sees what the data caches hold", Dic = "DIC: instruction caches follow the data side";

    private static readonly GuaranteeRule[] s_rows =             // enum order is asserted by a test
    [
        new(Guarantee.LinesCleaned, traits => !traits.DataCoherent, Idc, "MP.RF+dsb-ic-dsb+ctrlisb A/F/F"),
        new(Guarantee.CleansFirst, traits => !traits.DataCoherent, Idc, "SM.B+badcachesync-isb A/F/F"),
        new(Guarantee.StoresFirst, traits => !traits.InstructionCoherent, Dic, "JIT.mt-nomiddledsb+acq-isb A/A/F"),
        new(Guarantee.LinesInvalidated, traits => !traits.InstructionCoherent, Dic, "SM.B+dc.cvau-dsb.ish-isb A/A/F"),
        new(Guarantee.InvalidationsDone, traits => !traits.InstructionCoherent, Dic, "JIT.mt-nofinaldsb+acq-isb A/A/F"),
        new(Guarantee.StoresDone, traits => true, "", "SM.B+isb A/A/A"),
        new(Guarantee.OwnContext, traits => true, "", "SM.B+dc.cvau-dsb.ish A/A/A"),
        new(Guarantee.OtherContexts, traits => true, "", "JIT.mt-full+acq-noisb A/A/A"),
        new(Guarantee.ReachableLast, traits => true, "", "JIT.mt-full+isb-before-ctrl A/A/A"),
    ];

    /// <summary>Whether one of the first cores of a machine needs it.</summary>
    public bool IsNeededOn(MachineType type, int cores)
    {
        for (int core = 0; core < cores; core++)
        {
            if (IsNeeded(type.RealOf(core)))
            {
                return true;
            }
        }

        return false;
    }

    public static GuaranteeRule Of(Guarantee guarantee) => s_rows[(int)guarantee];

    public static ReadOnlySpan<GuaranteeRule> All => s_rows;
}
