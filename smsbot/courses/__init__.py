"""Courses: lessons and boosters that come days apart, relative to each person's own enrolment."""
