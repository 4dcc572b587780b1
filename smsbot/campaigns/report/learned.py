"""What people learned: hits and correct accepts before and after, always both, and what made it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from smsbot.campaigns.report.findings import Effect, GroupSkill, Learning, Skill
from smsbot.campaigns.report.small_cells import SMALLEST, about, pooled
from smsbot.campaigns.report.statistics import (
    AFTER,
    BEFORE,
    Answers,
    change,
    difference,
    discernment,
    proportion,
    share,
)
from smsbot.campaigns.report.tallies import Arm, Dimension, Item, Tallies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smsbot.campaigns.report.statistics import Share

HITS, ACCEPTS, ALL_RIGHT = "scams caught", "genuine accepted", "all items right"


def learning(tallies: Tallies) -> tuple[Learning, ...]:
    """Give each arm that can be told of: the reached; with a hold-out, it and those meant, too."""
    arms = [Arm.REACHED] if tallies.arms[Arm.REACHED] else []
    if tallies.arms[Arm.HOLD_OUT] >= SMALLEST or not arms:
        arms.append(Arm.MEANT)
    if tallies.arms[Arm.HOLD_OUT] >= SMALLEST:
        arms.append(Arm.HOLD_OUT)
    return tuple(_of_arm(tallies, arm) for arm in arms if tallies.arms[arm])


def _of_arm(tallies: Tallies, arm: Arm) -> Learning:
    skills = _both_or_none(
        _skill(HITS, tallies.answers_of(arm, Item.SCAM)),
        _skill(ACCEPTS, tallies.answers_of(arm, Item.GENUINE)),
        _skill(ALL_RIGHT, tallies.all_answers.get(arm, {})),
    )
    known, new = tallies.repeated[arm, True], tallies.repeated[arm, False]
    return Learning(
        arm=arm,
        people=tallies.arms[arm],
        skills=skills,
        before=discernment(skills[0].before, skills[1].before) if skills else None,
        after=discernment(skills[0].after, skills[1].after) if skills else None,
        answered_both=about(tallies.attrition[arm, True, True]),
        answered_before=about(tallies.attrition[arm, True, False]),
        answered_after=about(tallies.attrition[arm, False, True]),
        repeated=known / (known + new) if skills and known + new else None,
    )


def _skill(measure: str, people: Mapping[Answers, int]) -> Skill:
    both = sum(many for one, many in people.items() if one.before and one.after)
    return Skill(
        measure,
        _enough(share(people, BEFORE)),
        _enough(share(people, AFTER)),
        both,
        change(people) if both >= SMALLEST else None,
    )


def _enough(found: Share | None) -> Share | None:
    return None if found is None or found.people < SMALLEST else found


def _both_or_none(*skills: Skill) -> tuple[Skill, ...]:
    """Take away what only one kind has: hits alone make distrust look like skill (I05)."""
    has_before = all(one.before is not None for one in skills)
    has_after = all(one.after is not None for one in skills)
    has_change = all(one.change is not None for one in skills)
    if not has_before and not has_after:
        return ()
    return tuple(
        replace(
            one,
            before=one.before if has_before else None,
            after=one.after if has_after else None,
            change=one.change if has_change else None,
        )
        for one in skills
    )


def effects(tallies: Tallies, arms: tuple[Learning, ...], flow: str) -> tuple[Effect, ...]:
    """Give what the message changed, as assigned at random: of all meant to get it less the hold-out.

    What people did is known of everybody; what they knew only of those who answered both times.
    """
    meant, kept = tallies.arms[Arm.MEANT], tallies.arms[Arm.HOLD_OUT]
    if meant < SMALLEST or kept < SMALLEST:
        return ()
    found = []
    what = flow or "any flow"
    for measure, counts in (
        (f"began {what}", tallies.begun),
        (f"finished {what}", tallies.finished),
        ("answered a practice item", tallies.practised),
    ):
        one = proportion(counts[Arm.MEANT], meant)
        other = proportion(counts[Arm.HOLD_OUT], kept)
        found.append(Effect(measure, one, other, difference(one, other)))
    told = {one.arm: one for one in arms}
    if Arm.MEANT in told and Arm.HOLD_OUT in told:
        pairs = zip(told[Arm.MEANT].skills, told[Arm.HOLD_OUT].skills, strict=False)
        found += [
            Effect(
                f"change in {its.measure}",
                its.change,
                held.change,
                difference(its.change, held.change),
            )
            for its, held in pairs
            if its.change is not None and held.change is not None
        ]
    return tuple(found)


def group_skills(tallies: Tallies, dimension: Dimension) -> tuple[GroupSkill, ...]:
    """Give both kinds by group after the message; groups with a few people in either are one."""
    people = {
        name: _people(tallies, dimension, name)
        for (kind, name), many in tallies.people_groups.items()
        if kind is dimension and many
    }
    counts = {name: max(1, min(both)) if max(both) else 0 for name, both in people.items()}
    together = pooled(counts)
    shown = sorted(
        (name for name, many in counts.items() if many and name not in together),
        key=lambda name: (-counts[name], name),
    )
    if not shown:
        return ()
    found = [_group(tallies, dimension, name, (name,)) for name in shown]
    if together:
        label = f"{len(together)} other groups"
        found.append(_group(tallies, dimension, label, tuple(sorted(together))))
    return tuple(one for one in found if one is not None)


def _people(tallies: Tallies, dimension: Dimension, name: str) -> tuple[int, int]:
    scam, genuine = (
        sum(tallies.group_answers.get(((dimension, name), item), {}).values()) for item in Item
    )
    return scam, genuine


def _group(
    tallies: Tallies, dimension: Dimension, label: str, names: tuple[str, ...]
) -> GroupSkill | None:
    merged: dict[Item, Counter[Answers]] = {item: Counter() for item in Item}
    for name in names:
        for item in Item:
            merged[item].update(tallies.group_answers.get(((dimension, name), item), {}))
    hits, accepts = (_enough(share(merged[item], AFTER)) for item in Item)
    if hits is None or accepts is None:
        return None
    return GroupSkill(dimension, label, min(hits.people, accepts.people), hits, accepts)
